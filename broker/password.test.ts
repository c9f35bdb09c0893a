// Password hashes as RabbitMQ computes them.
import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { generatePassword, isPassword, passwordHash, stableSalt } from "./password.js";

describe("a password hash", () => {
  it("is the one of RabbitMQ's documentation", () => {
    // The worked example of the page on credentials and passwords: salt 908D C60A, password test12.
    expect(passwordHash("test12", Buffer.from("908DC60A", "hex"))).toBe("kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR");
  });

  it("begins with its salt and goes on with the digest of salt and UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.uint8Array({ minLength: 4, maxLength: 4 }), (password, bytes) => {
        const salt = Buffer.from(bytes);
        const raw = Buffer.from(passwordHash(password, salt), "base64");
        expect(raw.subarray(0, 4)).toEqual(salt);
        expect(raw.subarray(4)).toEqual(
          createHash("sha256")
            .update(Buffer.concat([salt, Buffer.from(password, "utf8")]))
            .digest(),
        );
      }),
    );
  });

  it("takes a salt of four bytes only", () => {
    expect(() => passwordHash("x", Buffer.alloc(5))).toThrow(RangeError);
  });
});

describe("a stable salt", () => {
  it("is the same for the same user and secret, another for others", () => {
    expect(stableSalt("secret", "user")).toEqual(stableSalt("secret", "user"));
    expect(stableSalt("secret", "user")).not.toEqual(stableSalt("secret", "other"));
    expect(stableSalt("secret", "user")).not.toEqual(stableSalt("another", "user"));
    expect(stableSalt("secret", "user")).toHaveLength(4);
  });
});

describe("a generated password", () => {
  it("is long, safe in a URL, always another, and fits its hash", () => {
    const made = Array.from({ length: 50 }, generatePassword);
    for (const { password, passwordHash: hash } of made) {
      expect(password).toMatch(/^[A-Za-z0-9_-]{32}$/);
      expect(passwordHash(password, Buffer.from(hash, "base64").subarray(0, 4))).toBe(hash);
    }
    expect(new Set(made.map(({ password }) => password)).size).toBe(50);
  });
});

describe("isPassword", () => {
  it("knows the password of a hash, and no other", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.uint8Array({ minLength: 4, maxLength: 4 }), (password, other, salt) => {
        const hash = passwordHash(password, Buffer.from(salt));
        expect(isPassword(password, hash)).toBe(true);
        expect(isPassword(other, hash)).toBe(other === password);
      }),
    );
  });

  it("reads the broker's other algorithms", () => {
    const salt = Buffer.from("908DC60A", "hex");
    const digest = createHash("sha512").update(salt).update("test12").digest();
    const hash = Buffer.concat([salt, digest]).toString("base64");
    expect(isPassword("test12", hash, "rabbit_password_hashing_sha512")).toBe(true);
    expect(isPassword("test12", hash)).toBe(false);
  });

  it("lets nothing in for an empty hash", () => {
    expect(isPassword("", "")).toBe(false);
  });
});
