/** Facts that the broker does not export, for Prometheus. */
export { certificateEndpoint, type CertificateEndpoint } from "./certificates.js";
export { startExporter, type Exporter, type ExporterBroker, type ExporterOptions } from "./exporter.js";
export { SERIES, type SeriesName } from "./series.js";
