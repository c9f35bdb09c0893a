/** Text in columns, as wide as their widest cells. Pure. */

export function columns(lines: readonly (readonly string[])[]): string {
  const count = Math.max(0, ...lines.map((cells) => cells.length));
  const widths = Array.from({ length: count }, (_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `2`, `2 - 20` */
export const span = (least: string, most: string): string => (least === most ? least : `${least} - ${most}`);
