"""Runs a recipe's SQL on an engine, and prints what its queries say, as JSON."""

import datetime
import json
import sys


def statements(path, archive):
    text = open(path, encoding="utf-8").read().replace("/var/lib/faults/archive", archive)
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [statement.strip() for statement in "\n".join(lines).split(";") if statement.strip()]


def duckdb():
    import duckdb

    connection = duckdb.connect()

    def run(statement):
        result = connection.execute(statement)
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row)) for row in result.fetchall()]

    return run


def datafusion():
    from datafusion import SessionContext

    context = SessionContext()
    return lambda statement: context.sql(statement).to_pylist()


def spark():
    from pyspark.sql import SparkSession

    session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = session.config("spark.sql.shuffle.partitions", "1").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return lambda statement: [row.asDict() for row in session.sql(statement).collect()]


def plain(value):
    return value.isoformat() if isinstance(value, datetime.date) else float(value)


engine, path, archive = sys.argv[1:]
run = {"duckdb": duckdb, "datafusion": datafusion, "spark": spark}[engine]()
answers = []
for statement in statements(path, archive):
    rows = run(statement)
    if statement.startswith(("SELECT", "WITH")):
        answers.append(rows)
print(json.dumps(answers, default=plain))
