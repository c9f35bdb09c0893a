/** The main rules of a CycloneDX 1.6 document in JSON, for what this project writes. */
import { z } from "zod";

const License = z.union([
  z.strictObject({
    license: z.union([z.strictObject({ id: z.string().regex(/^[A-Za-z0-9.+-]+$/) }), z.strictObject({ name: z.string().min(1) })]),
  }),
  z.strictObject({ expression: z.string().min(1) }),
]);

const Component = z.strictObject({
  type: z.enum(["application", "framework", "library", "container", "platform", "operating-system", "file", "data"]),
  "bom-ref": z.string().min(1),
  name: z.string().min(1),
  version: z.string().min(1),
  // Type, optional namespace, name, version, optional qualifiers: the package URL specification.
  purl: z
    .string()
    .regex(/^pkg:[a-z][a-z0-9.+-]*(\/[A-Za-z0-9._~%-]+)+@[A-Za-z0-9._~%-]+(\?[a-z]+=[A-Za-z0-9._~%-]+(&[a-z]+=[A-Za-z0-9._~%-]+)*)?$/)
    .optional(),
  // An expression stands alone.
  licenses: z
    .array(License)
    .min(1)
    .refine((all) => all.length === 1 || all.every((one) => "license" in one))
    .optional(),
  hashes: z.array(z.strictObject({ alg: z.literal("SHA-512"), content: z.string().regex(/^[0-9a-f]{128}$/) })).optional(),
});

export const CycloneDx = z
  .strictObject({
    $schema: z.literal("http://cyclonedx.org/schema/bom-1.6.schema.json"),
    bomFormat: z.literal("CycloneDX"),
    specVersion: z.literal("1.6"),
    serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
    version: z.int().min(1),
    metadata: z.strictObject({ component: Component }),
    components: z.array(Component),
    dependencies: z.array(z.strictObject({ ref: z.string(), dependsOn: z.array(z.string()) })),
  })
  .superRefine(({ metadata, components, dependencies }, context) => {
    const refs = [metadata.component, ...components].map((component) => component["bom-ref"]);
    const known = new Set(refs);
    const fault = (message: string): void => context.addIssue({ code: "custom", message });
    if (known.size !== refs.length) fault("a bom-ref is used twice");
    const from = dependencies.map(({ ref }) => ref);
    if (new Set(from).size !== from.length) fault("the dependencies of one ref are given twice");
    for (const ref of [...from, ...dependencies.flatMap(({ dependsOn }) => dependsOn)])
      if (!known.has(ref)) fault(`nothing has the ref ${ref}`);
    for (const { ref, dependsOn } of dependencies)
      if (new Set(dependsOn).size !== dependsOn.length) fault(`${ref} depends on something twice`);
  });
