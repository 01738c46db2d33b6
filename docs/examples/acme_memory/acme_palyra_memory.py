import palyra_kernel as palyra


class AcmeMemory(palyra.DurableDatabase, palyra.BlobBackend):
    kind = "acme_memory"

    @classmethod
    def open(cls, place):
        return cls(place.folder / "acme.db", schema=["CREATE TABLE blobs (id PRIMARY KEY, data)"], format=1)

    def capabilities(self):
        return palyra.BlobCapabilities(max_blob_bytes=64 * 1024 * 1024)

    def put(self, blobs, deadline):
        with self.transaction(deadline) as connection:
            stored = connection.executemany("INSERT OR IGNORE INTO blobs VALUES (?, ?)", blobs.items())
            if stored.rowcount < len(blobs):
                raise palyra.ConflictError("blob_exists", "a blob with this id exists")

    def get(self, ids, deadline):
        rows = (self.row("SELECT id, data FROM blobs WHERE id = ?", [blob_id]) for blob_id in ids)
        return dict(row for row in rows if row)

    def delete(self, ids, deadline):
        with self.transaction(deadline) as connection:
            connection.executemany("DELETE FROM blobs WHERE id = ?", [[blob_id] for blob_id in ids])

    def list(self, after, limit):
        query = "SELECT id FROM blobs WHERE id > ? ORDER BY id LIMIT ?"
        return [row[0] for row in self.rows(query, [after or "", limit])]


@palyra.hookimpl
def palyra_blob_backends():
    return [AcmeMemory]
