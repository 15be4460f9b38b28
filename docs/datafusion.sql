-- DataFusion on an archive: datafusion-cli -f docs/datafusion.sql
-- The archive may be a bucket: give s3://bucket/prefix/counts_v1/ as the location, and its options in the environment.

CREATE EXTERNAL TABLE counts_v1
STORED AS PARQUET
PARTITIONED BY (date)
LOCATION '/var/lib/faults/archive/counts_v1/';

-- A row for each import and reason, or one without a reason where nothing failed. DataFusion takes what stands in the names
-- of folders for text: so the date is declared to be one.
CREATE VIEW counts AS
SELECT account, kind, import_id, protocol, ordinal, reason, label, remedy, "count", total, service, status, archived_at,
       CAST(date AS DATE) AS date,
       CASE WHEN kind = 'enrolment' THEN 'enrolment' WHEN protocol = 'v3' THEN 'v3' ELSE 'v2' END AS series
FROM counts_v1;

-- A row for each import. Contacts are the new ones, the updated ones and those that failed; null where they aren't known.
-- v3 also tells of contacts that were imported in part: they haven't failed.
CREATE VIEW imports AS
SELECT account, kind, series, import_id, date, archived_at, status, failed, known + failed AS contacts
FROM (
    SELECT account, kind, series, import_id, date, archived_at, status,
           max(total) - coalesce(sum(CASE WHEN reason = 'consent_records_not_applied' THEN "count" END), 0) AS failed,
           max(CASE WHEN ordinal = 0 THEN service['newContacts'] END)
               + max(CASE WHEN ordinal = 0 THEN service['updatedContacts'] END) AS known
    FROM counts
    GROUP BY account, kind, series, import_id, date, archived_at, status
) AS summed;

-- Failure rate for each week, from its Monday, and account. The series are never summed up: v3 doesn't reject contacts
-- that are suppressed, and an enrolment is no import.
SELECT CAST(date_trunc('week', date) AS DATE) AS week, account, series,
       count(*) AS imports,
       CAST(sum(failed) AS BIGINT) AS failed,
       sum(CASE WHEN contacts > 0 THEN failed END) / CAST(sum(CASE WHEN contacts > 0 THEN contacts END) AS DOUBLE) AS rate
FROM imports
GROUP BY date_trunc('week', date), account, series
ORDER BY week, account, series;

-- The reasons that most contacts failed for, and what to do about them.
SELECT series, reason, label, remedy,
       CAST(sum("count") AS BIGINT) AS faults,
       count(DISTINCT import_id) AS imports,
       count(DISTINCT account) AS accounts
FROM counts
WHERE reason IS NOT NULL
GROUP BY series, reason, label, remedy
ORDER BY faults DESC, series, label
LIMIT 20;

-- Who got worse: the newest import of each account beside the median of the up to ten before it, at least three.
WITH ranked AS (
    SELECT *, failed / CAST(contacts AS DOUBLE) AS rate,
           row_number() OVER (PARTITION BY account, kind, series
                              ORDER BY date DESC, archived_at DESC, import_id DESC) AS age
    FROM imports
    WHERE contacts > 0
), before AS (
    SELECT account, kind, series, median(rate) AS usual
    FROM ranked
    WHERE age BETWEEN 2 AND 11
    GROUP BY account, kind, series
    HAVING count(*) >= 3
)
SELECT account, series, import_id, date, rate, usual, 100 * (rate - usual) AS points
FROM ranked JOIN before USING (account, kind, series)
WHERE age = 1 AND rate > usual
ORDER BY points DESC, account, series;
