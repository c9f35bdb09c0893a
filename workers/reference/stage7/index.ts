/** Stage7's services. */
export { Member, type Letter, type OnLetter } from "./member.js";
export { stage7Services } from "./services.js";
export { clientToken } from "./tokens.js";
