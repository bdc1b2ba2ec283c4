// What the shops tell the test that started them: their port, and each run of their handler.

let runs = 0;

export const told = {
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
