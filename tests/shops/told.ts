// What the shops tell the test that started them: their port, and each run of their handler.

/** Who is paid. */
export const payTo = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";

let runs = 0;

export const told = {
  /** Who shows it again gets the same answer again. */
  idempotencyKey: (request: { adapter: { getHeader(name: string): string | undefined } }): string | undefined =>
    request.adapter.getHeader("idempotency-key"),
  /** What is sold: no two are alike. */
  quote(): object {
    runs += 1;
    process.send?.({ run: runs });
    return { quote: `${process.pid}-${runs}` };
  },
  port(address: unknown): void {
    const { port } = Object(address);
    process.send?.({ port });
    if (process.send === undefined) console.log(`http://127.0.0.1:${port}/quote`);
  },
};
