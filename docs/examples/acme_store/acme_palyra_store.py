import palyra_kernel as palyra


class AcmeStore(palyra.DurableDatabase, palyra.BlobBackend):
    kind = "acme_store"
    capabilities = staticmethod(lambda: palyra.BlobCapabilities(max_blob_bytes=64 * 1024 * 1024))

    @classmethod
    def open(cls, place):
        return cls(place.folder / "acme.db", schema=["CREATE TABLE blob (id PRIMARY KEY, data)"], format=1)

    def put(self, blobs, deadline):
        with self.transaction(deadline) as db:
            if db.executemany("INSERT OR IGNORE INTO blob VALUES (?,?)", blobs.items()).rowcount < len(blobs):
                raise palyra.ConflictError("blob_exists", "a blob with this id exists")

    def get(self, ids, deadline):
        return dict(filter(None, (self.row("SELECT id, data FROM blob WHERE id = ?", [i]) for i in ids)))

    def delete(self, ids, deadline):
        with self.transaction(deadline) as db:
            db.executemany("DELETE FROM blob WHERE id = ?", zip(ids))

    def list(self, after, limit):
        rows = self.rows("SELECT id FROM blob WHERE id > ? ORDER BY id LIMIT ?", [after or "", limit])
        return [row[0] for row in rows]


palyra_blob_backends = palyra.hookimpl(lambda: [AcmeStore])
