"""What an engine reads in an archive, as JSON: engines.py ENGINE ROOT.

counts: of each day, account and reason, how many faults; imports: of each account, how many, and their faults;
cells: each cell `email` that rows have among their columns, and how many; absent: rows of one import whose cell `b` is
null; figures: of each account, the contacts that the service says are new; days: how many days there are since a date.
"""

import json
import sys

ENGINE, ROOT = sys.argv[1:]

COUNTS = """
    SELECT CAST(date AS VARCHAR) AS day, account, reason, CAST(SUM(count) AS BIGINT) AS faults
    FROM counts_v1 WHERE reason IS NOT NULL GROUP BY date, account, reason ORDER BY 1, 2, 3
"""
IMPORTS = """
    SELECT account, COUNT(*) AS imports, CAST(SUM(total) AS BIGINT) AS faults
    FROM counts_v1 WHERE ordinal = 0 GROUP BY account ORDER BY 1
"""
CELLS = """
    SELECT cell, COUNT(*) AS faults FROM (SELECT {cell} AS cell FROM faults_v1) AS cells
    WHERE cell IS NOT NULL GROUP BY cell ORDER BY 1
"""
ABSENT = "SELECT COUNT(*) AS faults FROM faults_v1 WHERE {cell} IS NULL AND import_id = '{ragged}'"
FIGURES = """
    SELECT account, CAST(SUM({cell}) AS BIGINT) AS contacts FROM counts_v1 WHERE ordinal = 0 GROUP BY account ORDER BY 1
"""
DAYS = "SELECT COUNT(*) AS days FROM (SELECT DISTINCT date FROM counts_v1) AS days WHERE date >= DATE '2026-03-01'"
RAGGED = "00000000-0000-0000-0000-000000000003"


def answers(sql, cell, varchar="VARCHAR"):
    """The answers of an engine that takes SQL: `sql` gives rows, and `cell` is how a map is asked."""
    ask = lambda query: [list(row) for row in sql(query.replace("VARCHAR", varchar))]
    return {
        "counts": ask(COUNTS),
        "imports": ask(IMPORTS),
        "cells": ask(CELLS.format(cell=cell("columns", "email"))),
        "absent": ask(ABSENT.format(cell=cell("columns", "b"), ragged=RAGGED))[0][0],
        "figures": ask(FIGURES.format(cell=cell("service", "newContacts"))),
        "days": ask(DAYS)[0][0],
    }


def duckdb():
    import duckdb

    for table in ["counts_v1", "faults_v1"]:
        files = f"read_parquet('{ROOT}/{table}/*/*.parquet', hive_partitioning = true)"
        duckdb.sql(f"CREATE VIEW {table} AS SELECT * FROM {files}")
    return answers(lambda query: duckdb.sql(query).fetchall(), lambda column, key: f"{column}['{key}']")


def datafusion():
    import pyarrow
    from datafusion import SessionContext

    context = SessionContext()
    for table in ["counts_v1", "faults_v1"]:
        # Unless it is said, the day is a text.
        context.register_listing_table(table, f"{ROOT}/{table}/", table_partition_cols=[("date", pyarrow.date32())])

    def sql(query):
        table = context.sql(query).to_arrow_table()
        return zip(*(column.to_pylist() for column in table.columns))

    return answers(sql, lambda column, key: f"{column}['{key}']")


def spark():
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.shuffle.partitions", "1").getOrCreate()
    for table in ["counts_v1", "faults_v1"]:
        session.read.parquet(f"{ROOT}/{table}").createOrReplaceTempView(table)
    return answers(lambda query: session.sql(query).collect(), lambda column, key: f"{column}['{key}']", "STRING")


def polars():
    import polars

    def table(name):
        return polars.scan_parquet(f"{ROOT}/{name}/*/*.parquet", hive_partitioning=True, try_parse_hive_dates=True)

    counts, faults = table("counts_v1"), table("faults_v1")

    cell = lambda column, key: polars.col(column).map.get(key)
    rows = lambda frame: [list(row) for row in frame.collect().rows()]
    faults_of = polars.len().cast(polars.Int64).alias("faults")
    first = counts.filter(polars.col("ordinal") == 0)
    by_reason = counts.filter(polars.col("reason").is_not_null())
    by_reason = by_reason.group_by(polars.col("date").cast(polars.String), "account", "reason").agg(polars.col("count").sum())
    imports = first.group_by("account").agg(polars.len().cast(polars.Int64).alias("imports"), polars.col("total").sum())
    cells = faults.select(cell("columns", "email").alias("cell")).drop_nulls().group_by("cell").agg(faults_of)
    ragged = faults.filter(polars.col("import_id") == RAGGED)
    return {
        "counts": rows(by_reason.sort("date", "account", "reason")),
        "imports": rows(imports.sort("account")),
        "cells": rows(cells.sort("cell")),
        "absent": rows(ragged.filter(cell("columns", "b").is_null()).select(faults_of))[0][0],
        "figures": rows(first.group_by("account").agg(cell("service", "newContacts").sum().alias("n")).sort("account")),
        "days": rows(first.filter(polars.col("date") >= polars.date(2026, 3, 1)).select(polars.col("date").n_unique()))[0][0],
    }


print(json.dumps({"duckdb": duckdb, "datafusion": datafusion, "polars": polars, "spark": spark}[ENGINE]()))
