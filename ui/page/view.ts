/** What of the board is seen: scrolled natively, dragged, zoomed. */
import { el } from "./dom.js";

const [LEAST, MOST, STEP] = [0.15, 2, 1.2];
/** Smaller than this nobody reads. */
const READABLE = 0.62;

export class View {
  readonly element: HTMLElement;
  readonly #sizer: HTMLElement;
  scale = 1;
  /** Follows the window until somebody zooms: the whole, or what can be read. */
  #fitted: "all" | "readable" | undefined;

  constructor(
    private readonly board: HTMLElement,
    private readonly size: { readonly width: number; readonly height: number },
    private readonly onZoom: (scale: number) => void,
  ) {
    this.#sizer = el("div", { class: "sizer" }, board);
    this.element = el("div", { class: "viewport", tabindex: -1 }, this.#sizer);
    this.element.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        this.zoom(this.scale * Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
      },
      { passive: false },
    );
    new ResizeObserver(() => {
      if (this.#fitted) this.fit(this.#fitted === "all");
    }).observe(this.element);
    this.element.addEventListener("pointerdown", (event) => this.#drag(event));
  }

  #drag(down: PointerEvent): void {
    if (down.button !== 0 || down.pointerType === "touch" || (down.target as Element).closest(".node:not(.label)")) return;
    const [left, top] = [this.element.scrollLeft, this.element.scrollTop];
    const move = (event: PointerEvent): void => {
      this.element.scrollLeft = left - (event.clientX - down.clientX);
      this.element.scrollTop = top - (event.clientY - down.clientY);
    };
    const end = (): void => {
      this.element.classList.remove("dragging");
      this.element.removeEventListener("pointermove", move);
    };
    this.element.classList.add("dragging");
    this.element.setPointerCapture(down.pointerId);
    this.element.addEventListener("pointermove", move);
    this.element.addEventListener("lostpointercapture", end, { once: true });
  }

  /** Keeps what is under this point of the window where it is. */
  zoom(wanted: number, clientX?: number, clientY?: number): void {
    const scale = Math.min(MOST, Math.max(LEAST, wanted));
    const { left, top, width, height } = this.element.getBoundingClientRect();
    const [x, y] = [(clientX ?? left + width / 2) - left, (clientY ?? top + height / 2) - top];
    const [bx, by] = [(this.element.scrollLeft + x) / this.scale, (this.element.scrollTop + y) / this.scale];
    this.scale = scale;
    this.#fitted = undefined;
    this.#sizer.style.width = `${this.size.width * scale}px`;
    this.#sizer.style.height = `${this.size.height * scale}px`;
    this.board.style.transform = `scale(${scale})`;
    this.element.scrollLeft = bx * scale - x;
    this.element.scrollTop = by * scale - y;
    this.onZoom(scale);
  }

  step(direction: 1 | -1): void {
    this.zoom(this.scale * STEP ** direction);
  }

  /** All of it, if `all`; else as much as can be read. */
  fit(all: boolean): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    const scale = Math.min(1, width / this.size.width, all ? height / this.size.height : Infinity);
    const first = this.#fitted === undefined;
    this.zoom(all ? scale : Math.max(READABLE, scale));
    if (first) this.element.scrollTo({ left: 0, top: 0 });
    this.#fitted = all ? "all" : "readable";
  }

  /** Brings a box into sight, if it is not. */
  reveal({ x, y, width, height }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number }): void {
    const view = this.element;
    const margin = 40;
    const along = (from: number, length: number, at: number, seen: number): number => {
      const [start, end] = [from * this.scale - margin, (from + length) * this.scale + margin];
      if (start >= at && end <= at + seen) return at;
      return (start + end) / 2 - seen / 2;
    };
    const [left, top] = [along(x, width, view.scrollLeft, view.clientWidth), along(y, height, view.scrollTop, view.clientHeight)];
    if (left !== view.scrollLeft || top !== view.scrollTop) view.scrollTo({ left, top });
  }
}
