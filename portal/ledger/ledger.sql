-- The order of the log. Run by a migration, as the owner.

-- Entries that have no place in the log yet. An entry is put here in the statement of the change and taken away in the
-- transaction that gives it its place: a queue costs the same at every size of the log, and needs no transaction ids.
CREATE TABLE IF NOT EXISTS muster.pending (entry_id bigint PRIMARY KEY);

CREATE OR REPLACE FUNCTION muster.enqueue_entries() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $muster$
BEGIN
    IF TG_RELID <> 'public.portal_ledgerentry'::regclass THEN
        RAISE EXCEPTION 'This function serves the ledger alone' USING ERRCODE = 'MU003';
    END IF;
    INSERT INTO muster.pending (entry_id) SELECT n.id FROM new_entries n;
    RETURN NULL;
END
$muster$;

CREATE OR REPLACE TRIGGER muster_enqueue AFTER INSERT ON public.portal_ledgerentry
REFERENCING NEW TABLE AS new_entries FOR EACH STATEMENT EXECUTE FUNCTION muster.enqueue_entries();

-- Give the next places of the log to entries that are visible and have none, by their number; at most `at_most`.
-- Who is late because of a slow transaction comes when it is visible. One caller at a time. Returns how many.
CREATE OR REPLACE FUNCTION muster.sequence_entries(at_most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $muster$
DECLARE
    start bigint;
    placed bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(5567, 1);
    SELECT coalesce(max(l.index) + 1, 0) INTO start FROM public.portal_ledgerleaf l;
    WITH taken AS (
        DELETE FROM muster.pending p
        WHERE p.entry_id IN (SELECT q.entry_id FROM muster.pending q ORDER BY q.entry_id LIMIT at_most)
        RETURNING p.entry_id
    )
    INSERT INTO public.portal_ledgerleaf (index, entry_id)
    SELECT start + row_number() OVER (ORDER BY t.entry_id) - 1, t.entry_id FROM taken t ORDER BY t.entry_id;
    GET DIAGNOSTICS placed = ROW_COUNT;
    RETURN placed;
END
$muster$;
