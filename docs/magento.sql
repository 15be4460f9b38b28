-- The import ids of the Magento connector, as lines for faults collect --ids:
--
--   mysql --batch --raw --skip-column-names magento < docs/magento.sql > imports.jsonl
--
-- Say which website belongs to which account. The table is the connector's own, as its source declares it; of its bulk
-- imports, these types are contacts, and the others transactional data. Those in JSON have gone over v3.

SELECT JSON_OBJECT(
    'account', CASE website_id WHEN 1 THEN 'europe' WHEN 2 THEN 'asia' END,
    'import_id', import_id,
    'protocol', CASE import_mode WHEN 'Bulk_JSON' THEN 'v3' END,
    'date', DATE(created_at)
)
FROM email_importer
WHERE import_id <> ''
  AND import_mode IN ('Bulk', 'Bulk_JSON')
  AND import_type IN ('Consent', 'Contact', 'Customer', 'Guest', 'Subscriber')
  AND created_at >= UTC_TIMESTAMP() - INTERVAL 8 DAY
ORDER BY id;
