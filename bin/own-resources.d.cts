/** For Pulumi's dynamic provider process alone; a program has no use for it. */
declare const ownResources: object;
export = ownResources;
