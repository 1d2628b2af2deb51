// An HTTP service with an embedded queue. `node main.js`, then: curl -d '{"item":"tea"}' http://127.0.0.1:8080/orders

import { OrderApp } from './order-app.js';

const app = await OrderApp.start({ folder: process.env['DATA'] ?? './data', port: Number(process.env['PORT'] ?? 8080) });
console.log(`listening on http://127.0.0.1:${app.port}/orders`);

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    console.log(`${signal}: closing`);
    // Nothing keeps the process alive once this is done, so it ends by itself with exit code 0.
    app.stop().then(() => console.log('closed'), fail);
  });
}

/** @param {unknown} error */
function fail(error) {
  console.error(error);
  process.exitCode = 1;
}
