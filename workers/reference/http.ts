/** An HTTP API of a service: checked by zod, described by OpenAPI, with one shape of errors. */
import swagger from "@fastify/swagger";
import fastify, { type FastifyInstance } from "fastify";
import {
  hasZodFastifySchemaValidationErrors,
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from "fastify-type-provider-zod";
import { z } from "zod";
import { PublishError, RequestError, WorkerError } from "../errors.js";
import type { AnyTopology, ServiceName } from "../types.js";
import { apiAddress, type ServiceContext } from "./service.js";
import { StoreError } from "./stores/index.js";

/** What every refusal looks like. */
export const ErrorBody = z.object({
  error: z.object({ code: z.string(), message: z.string(), remedy: z.string() }),
});
export type ErrorBody = z.infer<typeof ErrorBody>;

/** A refusal with its HTTP status. */
export class ApiError extends Error {
  override readonly name: string = "ApiError";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly remedy: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }

  get body(): ErrorBody {
    return { error: { code: this.code, message: this.message, remedy: this.remedy } };
  }
}

const sentence = (error: Error): string => error.message.split("\n")[0] ?? "";

/** What was thrown, as the API tells it. Faults that nobody foresaw keep their words to the log. */
export function apiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const faults = error.validation.map(
      ({ instancePath, message }) => `${instancePath.slice(1).replaceAll("/", ".") || "the body"}: ${message}`,
    );
    return new ApiError(400, "invalid", faults.join("; "), "see /openapi.json for what is allowed", error);
  }
  if (error instanceof PublishError) {
    const status = { invalid: 400, "too-large": 413, unroutable: 404, "rate-limited": 429 }[error.code as string] ?? 503;
    return new ApiError(status, error.code, sentence(error), error.remedy ?? "try again with the same message id", error);
  }
  if (error instanceof RequestError) {
    const status = { invalid: 502, failed: 502, timeout: 504 }[error.code as string] ?? 503;
    return new ApiError(status, error.code, sentence(error), error.remedy ?? "try again later", error);
  }
  if (error instanceof StoreError) return new ApiError(503, "store", sentence(error), "try again later", error);
  if (error instanceof WorkerError) return new ApiError(503, error.code, sentence(error), error.remedy ?? "try again later", error);
  const { statusCode } = error as { readonly statusCode?: unknown };
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500)
    return new ApiError(statusCode, "invalid", sentence(error as Error), "see /openapi.json for what is allowed", error);
  return new ApiError(500, "internal", "The service failed.", "look into its log", error);
}

export type Api = ReturnType<typeof typed>;
const typed = (server: FastifyInstance) => server.withTypeProvider<ZodTypeProvider>();

export interface ApiOptions {
  readonly title: string;
  /** Bytes of one body. @default 1 MiB */
  readonly bodyLimit?: number;
  readonly onError?: (error: unknown) => void;
}

/** A server with zod, OpenAPI at `/openapi.json`, and errors as `{ error: { code, message, remedy } }`. Routes are for the caller. */
export async function api({ title, bodyLimit = 1024 * 1024, onError }: ApiOptions): Promise<Api> {
  const server = fastify({ logger: false, forceCloseConnections: "idle", bodyLimit, return503OnClosing: true });
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler(async (error, _request, reply) => {
    const told = apiError(error);
    if (told.status === 500) onError?.(error);
    return reply.code(told.status).send(told.body);
  });
  server.setNotFoundHandler(async (request, reply) => {
    const told = new ApiError(
      404,
      "not-found",
      `There is no ${request.method} ${request.url.split("?")[0]}.`,
      "see /openapi.json for what is there",
    );
    return reply.code(404).send(told.body);
  });
  await server.register(swagger, {
    openapi: { info: { title, version: "1" } },
    transform: jsonSchemaTransform,
  });
  server.get("/openapi.json", { schema: { hide: true } }, async () => server.swagger());
  return typed(server);
}

/** Listens as the environment says, until the service stops. */
export async function serve<T extends AnyTopology, S extends ServiceName<T>>(
  server: Pick<FastifyInstance, "listen" | "close">,
  { environment, onStop, log }: ServiceContext<T, S>,
): Promise<{ readonly url: string }> {
  const { host, port } = apiAddress(environment);
  onStop(() => server.close());
  try {
    const url = await server.listen({ host, port });
    log.info({ event: "api.open", url }, `serving ${url}`);
    return { url };
  } catch (error) {
    throw new WorkerError(
      "wrong-use",
      `The API cannot listen on ${host}:${port}: ${(error as NodeJS.ErrnoException).code ?? "unknown fault"}.`,
      {
        remedy: "set WARREN_API_HOST and WARREN_API_PORT, or 0 for a free port",
        cause: error,
      },
    );
  }
}
