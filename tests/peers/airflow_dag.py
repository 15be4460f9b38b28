"""Reads a DAG as Airflow does, and prints its tasks as JSON: each with its command, its environments, and what follows."""

import json
import sys

from airflow.dag_processing.dagbag import DagBag

bag = DagBag(sys.argv[1])
assert not bag.import_errors, bag.import_errors
(dag,) = bag.dags.values()
tasks = {}
for task in dag.tasks:
    mapped = getattr(task, "partial_kwargs", None)
    tasks[task.task_id] = {
        "command": mapped["bash_command"] if mapped else task.bash_command,
        "environments": task.expand_input.value["env"] if mapped else [{}],
        "next": sorted(task.downstream_task_ids),
    }
print(json.dumps(tasks))
