export { subjectNames, subjectOf, type SubjectName } from "./registry.js";
