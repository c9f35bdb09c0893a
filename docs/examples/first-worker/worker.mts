import { connect } from "warren/workers";
import { orders } from "./orders.js";

const bus = await connect(orders, { service: "shop" });
await bus.consume("billing", ({ body }) => console.log(`order ${body.id}: ${body.amount} to pay`));
await bus.publish("order", { id: 1, amount: 12.5 });
