// What a dashboard of ours may hold, in the types that Grafana publishes: `.ci/peers` makes a JSON Schema of it.
//
// Grafana's own types leave open what is inside a panel's options, its fields and its queries. Here each kind of panel that
// we use has its own. Queries and transformations have no published type: theirs are ours, of what their documentation says.

import type { TableFieldOptions } from '@grafana/schema';
import type {
  Dashboard as AnyDashboard,
  FieldConfig,
  FieldConfigSource,
  Panel as AnyPanel,
  RowPanel as AnyRow,
  VariableModel,
} from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';
import type { Options as BarGauge } from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type { Options as Stat } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type { Options as Table } from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type {
  FieldConfig as TimeSeriesField,
  Options as TimeSeries,
} from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

export interface Dashboard extends Omit<AnyDashboard, 'panels' | 'templating'> {
  uid: string;
  title: string;
  panels: Array<Row | Panel>;
  templating: { list: Variable[] };
}

interface Row extends Omit<AnyRow, 'panels'> {
  panels: Panel[];
}

type Panel =
  | PanelOf<'bargauge', BarGauge, {}>
  | PanelOf<'stat', Stat, {}>
  | PanelOf<'table', Table, Partial<TableFieldOptions>>
  | PanelOf<'timeseries', TimeSeries, TimeSeriesField>;

interface PanelOf<Type, Options, Custom>
  extends Omit<AnyPanel, 'type' | 'options' | 'fieldConfig' | 'targets' | 'transformations'> {
  id: number;
  title: string;
  type: Type;
  options: Options;
  fieldConfig: { defaults: FieldsOf<Custom>; overrides: FieldConfigSource['overrides'] };
  targets: Query[];
  transformations?: Transformation[];
}

interface FieldsOf<Custom> extends Omit<FieldConfig, 'custom' | 'links'> {
  custom?: Custom;
}

type Query = PrometheusQuery | InfinityQuery;

interface PrometheusQuery {
  refId: string;
  datasource: { type: 'prometheus'; uid: '${datasource}' };
  expr: string;
  editorMode: 'code';
  format?: 'table' | 'time_series';
  instant?: boolean;
  range?: boolean;
  interval?: string;
  legendFormat?: string;
}

interface InfinityQuery {
  refId: string;
  datasource: { type: 'yesoreyeram-infinity-datasource'; uid: '${datasource}' };
  type: 'json';
  source: 'url';
  parser: 'backend';
  format: 'table';
  url: string;
  url_options: { method: 'GET'; data: ''; params: Array<{ key: string; value: string }> };
  root_selector: string;
  columns: Array<{ selector: string; text: string; type: 'string' | 'number' | 'timestamp' }>;
  filters: [];
  filterExpression?: string;
}

type Transformation =
  | { id: 'merge'; options: {} }
  | { id: 'prepareTimeSeries'; options: { format: 'multi' } }
  | { id: 'groupBy'; options: { fields: Record<string, { operation: 'groupby' | 'aggregate'; aggregations: string[] }> } }
  | {
      id: 'organize';
      options: {
        excludeByName: Record<string, boolean>;
        indexByName: Record<string, number>;
        renameByName: Record<string, string>;
      };
    };

interface Variable extends Omit<VariableModel, 'query'> {
  query: string | LabelValues | InfinityValues;
}

interface LabelValues {
  refId: string;
  /** The one kind of them that lists a label's values. */
  qryType: 1;
  query: string;
}

interface InfinityValues {
  refId: string;
  queryType: 'infinity';
  infinityQuery: Omit<InfinityQuery, 'datasource'>;
  meta: { valueField: string; textField: string };
}
