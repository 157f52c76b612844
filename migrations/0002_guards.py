"""What the table classes cannot say: history and append-only triggers, partial keys, ground rows.

Every statement may run twice.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "0002"

#: The history itself, and tables that hold no business.
WITHOUT_HISTORY = (
    "row_history",
    "history_seal",
    "sign_in",
    "job_run",
    "inbox_message",
    "mail",
    "number_series",
    "import_progress",
    "migration",
)

APPEND_ONLY = (
    "row_history",
    "history_seal",
    "case_event",
    "ledger_move",
    "payment_act",
    "bank_result",
    "recovery",
    "decision_line",
)

EXTENSIONS = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
"""

HISTORY = """
CREATE OR REPLACE FUNCTION write_row_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    acting text := current_setting('grants.user', true);
    request text := coalesce(current_setting('grants.request', true), '');
BEGIN
    IF acting IS NULL OR acting = '' THEN
        RAISE EXCEPTION 'a write to % needs a unit of work', TG_TABLE_NAME
            USING ERRCODE = 'raise_exception';
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO row_history (table_name, row_id, operation, before, after, user_id, request_id, at)
        SELECT TG_TABLE_NAME, n.id, 'INSERT', '{}', to_jsonb(n), acting::bigint, request, clock_timestamp()
        FROM new_rows n;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO row_history (table_name, row_id, operation, before, after, user_id, request_id, at)
        SELECT TG_TABLE_NAME, o.id, 'UPDATE', d.before, d.after, acting::bigint, request, clock_timestamp()
        FROM old_rows o JOIN new_rows n ON n.id = o.id
        CROSS JOIN LATERAL (
            SELECT coalesce(jsonb_object_agg(a.key, a.value), '{}') AS before,
                   coalesce(jsonb_object_agg(a.key, b.value), '{}') AS after
            FROM jsonb_each(to_jsonb(o)) a JOIN jsonb_each(to_jsonb(n)) b USING (key)
            WHERE a.value IS DISTINCT FROM b.value
        ) d;
    ELSE
        INSERT INTO row_history (table_name, row_id, operation, before, after, user_id, request_id, at)
        SELECT TG_TABLE_NAME, o.id, 'DELETE', to_jsonb(o), '{}', acting::bigint, request, clock_timestamp()
        FROM old_rows o;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'raise_exception';
END $$;

CREATE OR REPLACE FUNCTION refuse_other_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.file_sha256 IS NOT NULL AND (NEW.file_sha256, NEW.file_content, NEW.file_name)
            IS DISTINCT FROM (OLD.file_sha256, OLD.file_content, OLD.file_name) THEN
        RAISE EXCEPTION 'the file of batch % never changes', OLD.number
            USING ERRCODE = 'raise_exception';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION keep_history(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER history_insert AFTER INSERT ON %I
        REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION write_row_history()', name);
    EXECUTE format('CREATE OR REPLACE TRIGGER history_update AFTER UPDATE ON %I
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION write_row_history()', name);
    EXECUTE format('CREATE OR REPLACE TRIGGER history_delete AFTER DELETE ON %I
        REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION write_row_history()', name);
END $$;

CREATE OR REPLACE FUNCTION keep_append_only(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I
        FOR EACH ROW EXECUTE FUNCTION refuse_change()', name);
END $$;
"""

PROOF = """
CREATE OR REPLACE AGGREGATE jsonb_fold(jsonb) (SFUNC = jsonb_concat, STYPE = jsonb, INITCOND = '{}');

CREATE OR REPLACE FUNCTION rows_unlike_history() RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> ALL (%s) ORDER BY 1
    LOOP
        RETURN QUERY EXECUTE format($one$
            SELECT %%L || ' ' || coalesce(t.id, h.row_id)
            FROM %%I t FULL JOIN (
                SELECT row_id, jsonb_fold(after ORDER BY id) AS said,
                       (array_agg(operation ORDER BY id DESC))[1] AS last
                FROM row_history WHERE table_name = %%L GROUP BY row_id
            ) h ON h.row_id = t.id
            WHERE CASE WHEN t.id IS NULL THEN h.last <> 'DELETE'
                       WHEN h.row_id IS NULL OR h.last = 'DELETE' THEN true
                       ELSE to_jsonb(t) <> h.said END
            ORDER BY coalesce(t.id, h.row_id)
        $one$, name, name, name);
    END LOOP;
END $$;
"""

KEYS = """
CREATE UNIQUE INDEX IF NOT EXISTS payment_one_live_per_instalment
    ON payment (instalment) WHERE state NOT IN ('WITHDRAWN', 'REJECTED');
CREATE UNIQUE INDEX IF NOT EXISTS payment_invoice_used_once
    ON payment (invoice_no) WHERE invoice_no IS NOT NULL AND state NOT IN ('WITHDRAWN', 'REJECTED');
CREATE INDEX IF NOT EXISTS payment_waiting
    ON payment (due_on, id, (chain ->> (step - 1))) WHERE state = 'SUBMITTED';
CREATE INDEX IF NOT EXISTS payment_by_state ON payment (state, id);
CREATE INDEX IF NOT EXISTS payment_ready ON payment (id)
    WHERE state = 'APPROVED' AND batch_no IS NULL;
CREATE INDEX IF NOT EXISTS payment_alike ON payment (payee_name, amount_fen);
CREATE UNIQUE INDEX IF NOT EXISTS payment_act_one_per_person
    ON payment_act (payment, round, person_id) WHERE decision <> 'WITHDRAW';
CREATE UNIQUE INDEX IF NOT EXISTS payment_act_one_per_step
    ON payment_act (payment, round, step) WHERE decision <> 'WITHDRAW';
CREATE UNIQUE INDEX IF NOT EXISTS batch_item_one_live_per_payment
    ON batch_item (payment) WHERE state NOT IN ('RETURNED', 'REMOVED');
CREATE UNIQUE INDEX IF NOT EXISTS bank_account_once_per_organisation
    ON bank_account (organisation, number_index) WHERE state IN ('ENTERED', 'VERIFIED');
CREATE UNIQUE INDEX IF NOT EXISTS bank_account_once_per_person
    ON bank_account (person, number_index) WHERE state IN ('ENTERED', 'VERIFIED');
CREATE INDEX IF NOT EXISTS bank_account_by_number ON bank_account (number_index);
CREATE UNIQUE INDEX IF NOT EXISTS award_change_one_proposed
    ON award_change (award) WHERE state = 'PROPOSED';
CREATE UNIQUE INDEX IF NOT EXISTS policy_proposal_one_proposed
    ON policy_proposal (kind, scope) WHERE state = 'PROPOSED';
CREATE UNIQUE INDEX IF NOT EXISTS call_revision_one_waiting
    ON call_revision (round) WHERE state IN ('DRAFT', 'PROPOSED');
CREATE UNIQUE INDEX IF NOT EXISTS funding_decision_one_stands
    ON funding_decision (round) WHERE state IN ('PROPOSED', 'ADOPTED');
CREATE UNIQUE INDEX IF NOT EXISTS settlement_one_stands
    ON settlement (award) WHERE state IN ('PROPOSED', 'APPROVED');
CREATE UNIQUE INDEX IF NOT EXISTS evaluation_one_open
    ON evaluation (award, kind) WHERE state IN ('ASSIGNED', 'SIGNED');
CREATE UNIQUE INDEX IF NOT EXISTS spending_receipt_once
    ON spending (receipt_no) WHERE state NOT IN ('REFUSED', 'TAKEN_BACK');
CREATE UNIQUE INDEX IF NOT EXISTS project_change_one_waits
    ON project_change (award) WHERE state = 'PROPOSED';
CREATE UNIQUE INDEX IF NOT EXISTS agreement_one_lives
    ON agreement (application) WHERE state <> 'VOID';
CREATE UNIQUE INDEX IF NOT EXISTS call_revision_one_published
    ON call_revision (round) WHERE state = 'PUBLISHED';
CREATE UNIQUE INDEX IF NOT EXISTS cash_plan_one_approved ON cash_plan (line) WHERE state = 'APPROVED';
CREATE UNIQUE INDEX IF NOT EXISTS cash_plan_one_proposed ON cash_plan (line) WHERE state = 'PROPOSED';
CREATE UNIQUE INDEX IF NOT EXISTS year_end_once ON year_end (fiscal_year) WHERE state <> 'REJECTED';
CREATE INDEX IF NOT EXISTS case_event_by_case ON case_event (case_kind, case_id, id);
CREATE INDEX IF NOT EXISTS row_history_by_row ON row_history (table_name, row_id, id);
CREATE INDEX IF NOT EXISTS ledger_move_by_line ON ledger_move (line, id);
CREATE INDEX IF NOT EXISTS ledger_move_by_case ON ledger_move (case_kind, case_id);
CREATE INDEX IF NOT EXISTS ledger_move_by_day ON ledger_move (moved_on, to_bucket);
CREATE INDEX IF NOT EXISTS inbox_unread ON inbox_message (user_id) WHERE read_at IS NULL;
CREATE INDEX IF NOT EXISTS mail_waiting ON mail (next_try_at, id) WHERE state = 'WAITING';
CREATE INDEX IF NOT EXISTS mail_by_state ON mail (state, id);
CREATE INDEX IF NOT EXISTS sign_in_live ON sign_in ("user") WHERE ended_at IS NULL;
CREATE INDEX IF NOT EXISTS organisation_name_like
    ON organisation USING gist (name gist_trgm_ops (siglen = 256));
CREATE INDEX IF NOT EXISTS person_name ON person (name);
CREATE UNIQUE INDEX IF NOT EXISTS import_run_one_running ON import_run (state) WHERE state = 'RUNNING';

CREATE OR REPLACE TRIGGER file_never_changes BEFORE UPDATE ON batch
    FOR EACH ROW EXECUTE FUNCTION refuse_other_file();

ALTER TABLE commitment DROP CONSTRAINT IF EXISTS commitment_of_award;
ALTER TABLE commitment ADD CONSTRAINT commitment_of_award FOREIGN KEY (award_id) REFERENCES award (id);
ALTER TABLE line_balance DROP CONSTRAINT IF EXISTS line_balance_of_line;
ALTER TABLE line_balance ADD CONSTRAINT line_balance_of_line FOREIGN KEY (id) REFERENCES budget_line (id);
ALTER TABLE app_user DROP CONSTRAINT IF EXISTS app_user_of_organisation;
ALTER TABLE app_user ADD CONSTRAINT app_user_of_organisation
    FOREIGN KEY (organisation_id) REFERENCES organisation (id);
ALTER TABLE policy_version DROP CONSTRAINT IF EXISTS policy_version_no_overlap;
ALTER TABLE policy_version ADD CONSTRAINT policy_version_no_overlap
    EXCLUDE USING gist (kind WITH =, scope WITH =, daterange(starts_on, ends_on) WITH &&);
ALTER TABLE role_grant DROP CONSTRAINT IF EXISTS role_grant_no_overlap;
ALTER TABLE role_grant ADD CONSTRAINT role_grant_no_overlap
    EXCLUDE USING gist ("user" WITH =, role WITH =, daterange(starts_on, ends_on) WITH &&);
"""

GROUND = """
SELECT set_config('grants.user', '1', true);
INSERT INTO person (id, name, is_demo) VALUES (1, '系统', false) ON CONFLICT DO NOTHING;
INSERT INTO app_user (id, username, person, failed_attempts, is_active, language)
    VALUES (1, 'system', 1, 0, false, 'zh') ON CONFLICT DO NOTHING;
SELECT setval(pg_get_serial_sequence('person', 'id'), greatest((SELECT max(id) FROM person), 1));
SELECT setval(pg_get_serial_sequence('app_user', 'id'), greatest((SELECT max(id) FROM app_user), 1));
"""

TRIGGERS = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL (%s)
    LOOP
        PERFORM keep_history(name);
    END LOOP;
    FOREACH name IN ARRAY %s LOOP
        PERFORM keep_append_only(name);
    END LOOP;
END $$;
"""


def _array(names: tuple[str, ...]) -> str:
    return "ARRAY[" + ", ".join(f"'{name}'" for name in names) + "]::text[]"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="grants", description="Guards.")

    async def run() -> None:
        connection = Table._meta.db.current_transaction.get().connection
        for script in (
            EXTENSIONS,
            HISTORY,
            PROOF % _array(WITHOUT_HISTORY),
            KEYS,
            TRIGGERS % (_array(WITHOUT_HISTORY), _array(APPEND_ONLY)),
            GROUND,
        ):
            await connection.execute(script)

    manager.add_raw(run)
    return manager
