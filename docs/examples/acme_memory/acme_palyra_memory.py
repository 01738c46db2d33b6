from secrets import token_bytes, token_hex

import palyra_kernel as palyra


class AcmeMemory(palyra.DurableDatabase, palyra.BlobBackend):
    kind = "acme_memory"

    @classmethod
    def open(cls, place):
        table = "CREATE TABLE blobs (id TEXT PRIMARY KEY, data BLOB NOT NULL)"
        return cls(place.folder / "acme.db", lock_path=place.folder / "acme.lock", schema=[table], format=1)

    def capabilities(self):
        return palyra.BlobCapabilities(max_blob_bytes=64 * 1024 * 1024)

    def put(self, blobs, deadline):
        with self.transaction(deadline) as connection:
            stored = connection.executemany("INSERT OR IGNORE INTO blobs VALUES (?, ?)", blobs.items())
            if stored.rowcount < len(blobs):
                raise palyra.ConflictError("blob_exists", "a blob with this id exists")

    def get(self, ids, deadline):
        rows = [self.row("SELECT id, data FROM blobs WHERE id = ?", [blob_id]) for blob_id in ids]
        return dict(row for row in rows if row)

    def delete(self, ids, deadline):
        with self.transaction(deadline) as connection:
            connection.executemany("DELETE FROM blobs WHERE id = ?", [[blob_id] for blob_id in ids])

    def list(self, after, limit):
        query = "SELECT id FROM blobs WHERE id > ? ORDER BY id LIMIT ?"
        return [row[0] for row in self.rows(query, [after or "", limit])]

    def probe(self):
        canary, deadline = {token_hex(16): token_bytes(16)}, palyra.Deadline.after(10)
        self.put(canary, deadline)
        intact = self.get(canary, deadline) == canary
        self.delete(canary, deadline)
        if not intact:
            raise palyra.UnavailableError("probe_failed", "the file did not give back what was written")


@palyra.hookimpl
def palyra_blob_backends():
    return [AcmeMemory]
