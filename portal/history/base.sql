-- What the history triggers stand on. Run once by a migration, as the owner.
CREATE SCHEMA IF NOT EXISTS muster;

-- One number for each change in the whole register: the id of the history row and of its ledger entry.
CREATE SEQUENCE muster.entry_id AS bigint CACHE 1;

CREATE TYPE muster.change_context AS (actor text, actor_name text, source text, request text, reason text);

-- Who acts, from the settings of this transaction. No actor, no change.
CREATE FUNCTION muster.change_context() RETURNS muster.change_context
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $muster$
DECLARE
    who muster.change_context;
BEGIN
    who.actor := coalesce(current_setting('muster.actor', true), '');
    who.actor_name := coalesce(current_setting('muster.actor_name', true), '');
    who.source := coalesce(current_setting('muster.source', true), '');
    who.request := coalesce(current_setting('muster.request', true), '');
    who.reason := coalesce(current_setting('muster.reason', true), '');
    IF who.actor = '' OR who.actor_name = '' THEN
        RAISE EXCEPTION 'No actor: a governed row is changed by somebody or not at all'
            USING ERRCODE = 'MU001', HINT = 'Wrap the change in portal.history.context.acting(...).';
    END IF;
    IF who.source NOT IN ('ui', 'api', 'import', 'job', 'connector', 'shell') THEN
        RAISE EXCEPTION 'Unknown source of change: %', who.source USING ERRCODE = 'MU001';
    END IF;
    RETURN who;
END
$muster$;

-- The next human reference of a register: SYS-000123. Numbers are never used twice.
CREATE FUNCTION muster.next_reference(prefix text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $muster$
DECLARE
    n bigint := nextval(format('muster.%I', 'reference_' || lower(prefix))::regclass);
BEGIN
    RETURN prefix || '-' || lpad(n::text, greatest(6, length(n::text)), '0');
END
$muster$;

CREATE FUNCTION muster.refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $muster$
BEGIN
    RAISE EXCEPTION '% on % is refused: history only grows', TG_OP, TG_TABLE_NAME USING ERRCODE = 'MU003';
END
$muster$;

CREATE FUNCTION muster.only_triggers() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $muster$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'Rows of % are written by the history triggers alone', TG_TABLE_NAME USING ERRCODE = 'MU003';
    END IF;
    RETURN NULL;
END
$muster$;
