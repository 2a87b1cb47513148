-- Taking values out of history. Run by a migration, as the owner, and executed by the owner alone.

-- The transactions in which muster.erase_entries is at work. Nobody but the owner may read or write it.
CREATE TABLE IF NOT EXISTS muster.erasing (transaction xid8 PRIMARY KEY);

-- As in portal/history/base.sql, but for muster.erase_entries: it alone may empty columns of history rows and take
-- recorded bytes away. Entries, places, tiles, checkpoints: nobody, nothing.
CREATE OR REPLACE FUNCTION muster.refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $muster$
BEGIN
    IF (TG_OP = 'UPDATE' AND TG_TABLE_NAME NOT LIKE 'portal\_ledger%')
        OR (TG_OP = 'DELETE' AND TG_TABLE_NAME = 'portal_ledgerpayload') THEN
        IF EXISTS (SELECT FROM muster.erasing e WHERE e.transaction = pg_current_xact_id()) THEN
            RETURN NULL;
        END IF;
    END IF;
    RAISE EXCEPTION '% on % is refused: history only grows', TG_OP, TG_TABLE_NAME USING ERRCODE = 'MU003';
END
$muster$;

-- A text without these terms, whichever case they are written in. `is_json` where the text is that of a JSON value.
CREATE OR REPLACE FUNCTION muster.without(said text, terms text[], is_json boolean) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $muster$
DECLARE
    term text;
BEGIN
    FOREACH term IN ARRAY terms LOOP
        IF is_json THEN
            term := substr(to_jsonb(term)::text, 2, length(to_jsonb(term)::text) - 2);
        END IF;
        said := regexp_replace(said, regexp_replace(term, '([][\\^$.|?*+(){}-])', '\\\1', 'g'), '[erased]', 'gi');
    END LOOP;
    RETURN said;
END
$muster$;

-- Which of these entries a legal hold keeps, and which hold. A hold on a record covers what points at it, by its key or
-- its reference; a hold on a person covers whatever names them. Both are looked for in the recorded bytes.
CREATE OR REPLACE FUNCTION muster.held(entries bigint[]) RETURNS TABLE (entry_id bigint, hold uuid, hold_name text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $muster$
DECLARE
    h record;
    words text[];
BEGIN
    FOR h IN
        SELECT l.*, u.username, u.full_name, u.email
        FROM public.portal_legalhold l LEFT JOIN public.portal_user u ON u.id = l.person_id
        WHERE l.lifted_at IS NULL ORDER BY l.placed_at
    LOOP
        words := '{}';
        IF h.scope = 'record' THEN
            words := ARRAY['"' || h.record || '"', to_jsonb(h.reference)::text];
        ELSIF h.scope = 'person' THEN
            words := ARRAY['"' || h.person_id || '"', to_jsonb(h.username)::text]
                || ARRAY(SELECT substr(to_jsonb(n)::text, 2, length(to_jsonb(n)::text) - 2)
                    FROM unnest(ARRAY[h.person_name, h.full_name, h.email]) n WHERE n <> '');
        END IF;
        RETURN QUERY
            SELECT e.id, h.id, h.name::text
            FROM public.portal_ledgerentry e LEFT JOIN public.portal_ledgerpayload p ON p.entry_id = e.id
            WHERE e.id = ANY (entries) AND (
                h.scope = 'everything'
                OR (h.scope IN ('register', 'record') AND e.table_name = h.table_name
                    AND (h.scope = 'register' OR e.record = h.record))
                OR (h.scope = 'register' AND e.table_name = 'portal_externalid'
                    AND convert_from(p.payload, 'UTF8')::jsonb ->> 'register' = h.register)
                OR (h.scope = 'person' AND e.record = h.person_id::text)
                OR EXISTS (SELECT FROM unnest(words) w
                    WHERE position(lower(w) IN lower(convert_from(p.payload, 'UTF8'))) > 0));
    END LOOP;
END
$muster$;

-- What a hold keeps is not changed while it is in force: else an erasure could empty the hold before it is asked.
CREATE OR REPLACE FUNCTION muster.hold_stands() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $muster$
BEGIN
    RAISE EXCEPTION 'Legal hold "%" is in force: what it keeps cannot be changed', OLD.name USING ERRCODE = 'MU004',
        DETAIL = OLD.id::text, HINT = 'Lift it, and place another one.';
END
$muster$;

CREATE OR REPLACE TRIGGER muster_hold_stands BEFORE UPDATE ON public.portal_legalhold FOR EACH ROW
WHEN (OLD.lifted_at IS NULL
    AND (OLD.scope, OLD.register, OLD.reference, OLD.table_name, OLD.record, OLD.person_id, OLD.person_name)
    IS DISTINCT FROM (NEW.scope, NEW.register, NEW.reference, NEW.table_name, NEW.record, NEW.person_id, NEW.person_name))
EXECUTE FUNCTION muster.hold_stands();

-- Empty columns of history rows and take away what was recorded of these rows. Header and leaf of each entry stay.
--   said   the new row of portal_erasure: id, kind, ground, reason, by_id, fields
--   work   [{"table", "history", "pk", "columns", "inside", "entries"}]: in these rows of this history, these columns are
--          emptied, or with "inside" lose the terms that stand in them
-- It asks for legal holds itself, never touches what a record says today, and all of it happens or nothing.
-- Returns the number of entries.
CREATE OR REPLACE FUNCTION muster.erase_entries(said jsonb, work jsonb, terms text[]) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
SET intervalstyle = 'iso_8601'
SET extra_float_digits = 1
SET bytea_output = 'hex'
AS $muster$
DECLARE
    item record;
    found_hold record;
    wanted bigint[];
    assignments text;
    unfit text;
    touched bigint;
    sealed jsonb;
    seals jsonb := '{}';
BEGIN
    -- One at a time; and a hold that is being placed is waited for and seen.
    PERFORM pg_advisory_xact_lock(5567, 2);
    LOCK TABLE public.portal_legalhold IN SHARE MODE;

    SELECT coalesce(array_agg(DISTINCT e ORDER BY e), '{}') INTO wanted
    FROM jsonb_to_recordset(work) AS w(entries bigint[]), unnest(w.entries) e;

    SELECT h.hold_name, h.hold, e.id, e.table_name, e.record INTO found_hold
    FROM muster.held(wanted) h JOIN public.portal_ledgerentry e ON e.id = h.entry_id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Legal hold "%" keeps entry % (% %): nothing is erased', found_hold.hold_name, found_hold.id,
            found_hold.table_name, found_hold.record
            USING ERRCODE = 'MU004', DETAIL = found_hold.hold::text, HINT = 'Lift the hold first, if its ground is gone.';
    END IF;
    IF EXISTS (SELECT FROM public.portal_ledgerentry e WHERE e.id = ANY (wanted) AND e.table_name = 'portal_erasure') THEN
        RAISE EXCEPTION 'What was erased by whom is never erased' USING ERRCODE = 'MU003';
    END IF;

    INSERT INTO muster.erasing (transaction) VALUES (pg_current_xact_id());
    FOR item IN
        SELECT * FROM jsonb_to_recordset(work)
            AS w("table" text, history text, pk text, columns text[], inside boolean, entries bigint[])
    LOOP
        IF (SELECT count(*) FROM public.portal_ledgerentry e WHERE e.id = ANY (item.entries) AND e.table_name = item."table")
            <> cardinality(item.entries) THEN
            RAISE EXCEPTION 'These are not entries of %', item."table" USING ERRCODE = 'MU003';
        END IF;
        -- Who and when, which columns, which record: these stay.
        SELECT string_agg(c, ', ') INTO unfit FROM unnest(item.columns) c
        WHERE c = item.pk OR c IN ('version', 'reference', 'created_at', 'updated_at')
            OR (c LIKE 'history\_%' AND c NOT IN ('history_user_name', 'history_change_reason'));
        IF unfit IS NOT NULL THEN
            RAISE EXCEPTION 'Never erased from history: %', unfit USING ERRCODE = 'MU003';
        END IF;
        IF EXISTS (SELECT FROM unnest(item.columns) c WHERE c NOT LIKE 'history\_%') OR said ->> 'kind' = 'prune' THEN
            EXECUTE format(
                'SELECT h.history_id FROM public.%1$I h WHERE h.history_id = ANY ($1) AND ($2 OR h.history_type <> ''-'')'
                ' AND NOT EXISTS (SELECT FROM public.%1$I n WHERE n.%2$I = h.%2$I AND n.history_id > h.history_id) LIMIT 1',
                item.history, item.pk) INTO touched USING item.entries, said ->> 'kind' = 'prune';
            IF touched IS NOT NULL THEN
                RAISE EXCEPTION 'Entry % is the latest of a record: change the record first', touched USING ERRCODE = 'MU003';
            END IF;
        END IF;
        SELECT string_agg(format('%1$I = %2$s', a.attname, CASE
            WHEN item.inside AND t.typcategory = 'A' THEN format(
                'ARRAY(SELECT muster.without(x, $2, false) FROM unnest(h.%I) x)::%s', a.attname, format_type(a.atttypid, a.atttypmod))
            WHEN item.inside AND t.typname = 'jsonb' THEN format('muster.without(h.%I::text, $2, true)::jsonb', a.attname)
            WHEN item.inside THEN format('left(muster.without(h.%I, $2, false), %s)', a.attname,
                CASE WHEN a.atttypmod > 4 THEN a.atttypmod - 4 ELSE 1000000000 END)
            WHEN t.typcategory = 'S' AND a.atttypmod <= 4 THEN '''[erased]'''
            WHEN t.typcategory = 'S' AND a.atttypmod >= 12 THEN '''[erased]'''
            WHEN NOT a.attnotnull THEN 'NULL'
            WHEN t.typcategory = 'S' THEN ''''''
            WHEN t.typcategory = 'A' OR t.typname = 'jsonb' THEN '''{}'''
            WHEN t.typcategory = 'B' THEN 'false'
            WHEN t.typcategory = 'N' THEN '0'
            -- A date that may not be empty: it stays.
            ELSE format('h.%I', a.attname) END), ', ') INTO assignments
        FROM unnest(item.columns) c
        JOIN pg_attribute a ON a.attrelid = to_regclass(format('public.%I', item.history)) AND a.attname = c AND a.attnum > 0
        JOIN pg_type t ON t.oid = a.atttypid;
        EXECUTE format('UPDATE public.%I h SET %s WHERE h.history_id = ANY ($1)', item.history, assignments)
            USING item.entries, terms;
        GET DIAGNOSTICS touched = ROW_COUNT;
        IF touched <> cardinality(item.entries) THEN
            RAISE EXCEPTION '% rows of % for % entries', touched, item.history, cardinality(item.entries) USING ERRCODE = 'MU003';
        END IF;
    END LOOP;
    DELETE FROM public.portal_ledgerpayload p WHERE p.entry_id = ANY (wanted);
    DELETE FROM muster.erasing e WHERE e.transaction = pg_current_xact_id();

    -- What is left of each row is sealed anew, in the recorded bytes of the erasure.
    FOR item IN
        SELECT w.history, array_agg(DISTINCT e) AS entries FROM jsonb_to_recordset(work) AS w(history text, entries bigint[]),
            unnest(w.entries) e GROUP BY w.history
    LOOP
        EXECUTE format(
            'SELECT jsonb_build_object(''columns'', (SELECT jsonb_agg(k ORDER BY k) FROM (SELECT jsonb_object_keys(to_jsonb(x))'
            ' AS k FROM (SELECT * FROM public.%1$I LIMIT 1) x) y), ''rows'', jsonb_object_agg(h.history_id::text,'
            ' encode(sha256(convert_to(to_jsonb(h)::text, ''UTF8'')), ''hex''))) FROM public.%1$I h WHERE h.history_id = ANY ($1)',
            item.history) INTO sealed USING item.entries;
        seals := seals || jsonb_build_object(item.history, sealed);
    END LOOP;
    INSERT INTO public.portal_erasure (id, kind, ground, reason, by_id, at, entries, fields, seals)
    SELECT (said ->> 'id')::uuid, said ->> 'kind', said ->> 'ground', said ->> 'reason', (said ->> 'by_id')::uuid,
        clock_timestamp(), wanted, said -> 'fields', seals;
    RETURN cardinality(wanted);
END
$muster$;

REVOKE ALL ON FUNCTION muster.erase_entries(jsonb, jsonb, text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION muster.held(bigint[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION muster.without(text, text[], boolean) FROM PUBLIC;
