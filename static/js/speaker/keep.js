// Keeps a recording in this browser until it has arrived, so that neither a reload nor a lost network loses it.

const DATABASE = "vivavoce";
const STORE = "recordings";

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.addEventListener("upgradeneeded", () => request.result.createObjectStore(STORE));
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}

async function transact(mode, act) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.addEventListener("complete", () => resolve(request.result));
      transaction.addEventListener("error", () => reject(transaction.error));
      transaction.addEventListener("abort", () => reject(transaction.error));
    });
  } finally {
    database.close();
  }
}

// A browser in private mode may refuse to keep anything: then only a reload loses the recording.
async function quietly(act) {
  try {
    return await act();
  } catch {
    return undefined;
  }
}

export const keep = (key, value) => quietly(() => transact("readwrite", (store) => store.put(value, key)));
export const kept = (key) => quietly(() => transact("readonly", (store) => store.get(key)));
export const forget = (key) => quietly(() => transact("readwrite", (store) => store.delete(key)));
