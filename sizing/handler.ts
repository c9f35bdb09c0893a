/** How long handlers take: a log-normal distribution with the mean and the p95 that are known. */

/** The 95th percentile of the standard normal distribution. */
const Z95 = 1.6448536269514722;

/** Where p95 / mean of log-normal distributions is highest. */
export const HIGHEST_RATIO = Math.exp((Z95 * Z95) / 2);

/** Seconds. */
export interface HandlerTimes {
  readonly mean: number;
  readonly p95: number;
}

export interface LogNormal {
  readonly mean: number;
  /** Of the logarithm. */
  readonly mu: number;
  readonly sigma: number;
  /** Variance / mean^2. */
  readonly scv: number;
}

const fromSigma = (mean: number, sigma: number): LogNormal => ({
  mean,
  sigma,
  mu: Math.log(mean) - (sigma * sigma) / 2,
  scv: Math.expm1(sigma * sigma),
});

/**
 * `p95 = mean * exp(z * sigma - sigma^2 / 2)` has two solutions; the narrower one is taken. A p95 beyond 3.87 times the mean, which no log-normal
 * distribution has, is taken as that; one below the mean as the mean (all take the same time).
 */
export function logNormal({ mean, p95 }: HandlerTimes): LogNormal {
  const wanted = Math.log(Math.min(Math.max(p95 / mean, 1), HIGHEST_RATIO));
  return fromSigma(mean, Z95 - Math.sqrt(Math.max(0, Z95 * Z95 - 2 * wanted)));
}

/** Of as many messages handled one after the other as one: the same mean and variance as their sum. */
export function sumOf(one: LogNormal, count: number): LogNormal {
  return fromSigma(one.mean * count, Math.sqrt(Math.log1p(one.scv / count)));
}

/** Inverse of the standard normal distribution (P. J. Acklam's rational approximation, relative error below 1.2e-9). */
export function normalQuantile(p: number): number {
  const tail = (q: number): number =>
    (((((-7.784894002430293e-3 * q - 3.223964580411365e-1) * q - 2.400758277161838) * q - 2.549732539343734) * q + 4.374664141464968) * q +
      2.938163982698783) /
    ((((7.784695709041462e-3 * q + 3.224671290700398e-1) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1);
  if (p < 0.02425) return tail(Math.sqrt(-2 * Math.log(p)));
  if (p > 1 - 0.02425) return -tail(Math.sqrt(-2 * Math.log(1 - p)));
  const q = p - 0.5;
  const r = q * q;
  return (
    ((((((-3.969683028665376e1 * r + 2.209460984245205e2) * r - 2.759285104469687e2) * r + 1.38357751867269e2) * r - 3.066479806614716e1) *
      r +
      2.506628277459239) *
      q) /
    (((((-5.447609879822406e1 * r + 1.615858368580409e2) * r - 1.556989798598866e2) * r + 6.680131188771972e1) * r - 1.328068155288572e1) *
      r +
      1)
  );
}

/** Times that stand for the distribution: the middle of each of so many equal parts. */
export function quantiles({ mu, sigma }: LogNormal, parts: number): number[] {
  return Array.from({ length: parts }, (_, index) => Math.exp(mu + sigma * normalQuantile((index + 0.5) / parts)));
}
