"""Keeps the reports of all accounts, every hour, in three tasks that share the accounts among them; then says whether more
contacts fail than is usual. For Airflow 3; save it in the folder of DAGs.

The program must be in the workers' PATH, and what it names on each of them; an archive in a bucket (s3://…) saves that.
"""

from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

ARCHIVE = "/var/lib/faults/archive"
SHARDS = 3

with DAG(
    dag_id="faults_collect",
    schedule="17 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    doc_md=__doc__,
) as dag:
    # A task that is tried again goes on where it stood.
    collect = BashOperator.partial(
        task_id="collect",
        bash_command=f"faults collect --archive {ARCHIVE} --contacts drop --accounts /etc/faults/accounts.toml"
        ' --ids /var/lib/faults/imports.jsonl --deadline 50m --shard "$SHARD"',
        append_env=True,
    ).expand(env=[{"SHARD": f"{shard}/{SHARDS}"} for shard in range(SHARDS)])

    # It fails where one account's newest import has 5 percentage points more of these than its imports before.
    judge = BashOperator(
        task_id="judge",
        bash_command=f"faults trends {ARCHIVE} --fail-on invalid_email+5% --fail-on hard_bounced+5%",
        trigger_rule="all_done",
        retries=0,
    )
    collect >> judge
