/** Text that tries to be more than text, for the property tests of the reports. */
import fc from "fast-check";

const FRAGMENTS = [
  ...["<script>alert(1)</script>", "</script>", "</style>", "</title>", "</pre>", "<!--", "-->", "]]>", "<![CDATA[", "<?xml ?>", "<b>"],
  ...['"', "'", "`", "&", "&lt;", "&#60;", "<", ">", '" onclick="alert(1)', "/>", "${x}", "javascript:"],
  ...["\u0000", "\u0007", "\u001b[2J", "\r", "\n", "\t", "\u007f", "\u009b2J", "\u2028", "\u202e", "\ufffe", "\uffff", "\ud800", "\udc00"],
  ...["queue", " ", "ü", "漢", "😀"],
];

export const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(...FRAGMENTS),
      fc.string({ unit: "binary" }),
      fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    ),
    {
      maxLength: 12,
    },
  )
  .map((parts) => parts.join(""));
