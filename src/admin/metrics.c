/* JSON of the daemon as metrics, see metrics.h. */
#include "admin/metrics.h"

#include <string.h>

enum kind { COUNTER, GAUGE, HISTOGRAM };

static void head(struct buffer *out, const char *name, enum kind kind, const char *help)
{
	static const char *const words[] = {"counter", "gauge", "histogram"};
	buffer_print(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, words[kind]);
}

static void put_label(struct buffer *out, char before, const char *key, const char *value)
{
	buffer_print(out, "%c%s=\"", before, key);
	for (const char *c = value; *c; c++)
		if (*c == '\n')
			buffer_append(out, "\\n", 2);
		else if (*c == '"' || *c == '\\')
			buffer_print(out, "\\%c", *c);
		else
			buffer_append(out, c, 1);
	buffer_append(out, "\"", 1);
}

/* Labels of one sample; those without a key are left out. */
struct label {
	const char *key, *value;
};
#define LABELS_MAX 4

static void sample(struct buffer *out, const char *name, const struct label labels[LABELS_MAX],
                   const json_t *value, double factor)
{
	if (!json_is_number(value))
		return;
	buffer_print(out, "%s", name);
	char before = '{';
	for (size_t i = 0; i < LABELS_MAX && labels && labels[i].key; i++) {
		put_label(out, before, labels[i].key, labels[i].value ? labels[i].value : "");
		before = ',';
	}
	if (before == ',')
		buffer_append(out, "}", 1);
	if (json_is_integer(value) && factor == 1)
		buffer_print(out, " %lld\n", (long long)json_integer_value(value));
	else
		buffer_print(out, " %.9g\n", json_number_value(value) * factor);
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));
	return value ? value : "";
}

/* ---- single figures of the status -------------------------------------------------------- */

/* Rows with the same name follow each other and differ in their label. */
static const struct figure {
	const char *name;
	enum kind kind;
	const char *help;
	const char *group, *key; /* status[group][key], or status[key] */
	struct label label;
} figures[] = {
	{"portafilter_uptime_seconds", GAUGE, "Since the daemon was started.", NULL, "uptime_s", {0}},
	{"portafilter_workers", GAUGE, "Threads that answer.", NULL, "workers", {0}},
	{"portafilter_workers_hung",
     GAUGE,
     "Of these, whose loop does not come round.",
     NULL,
     "workers_hung",
     {0}},
	{"portafilter_sandbox_refused_total",
     COUNTER,
     "Calls of the kernel that the sandbox has refused.",
     "sandbox",
     "refused",
     {0}},
	{"portafilter_recursor_restarts_total",
     COUNTER,
     "How often the process that recurses and validates had to be begun anew.",
     "recursion",
     "restarts",
     {0}},
	{"portafilter_snapshot_epoch", GAUGE, "One more with each reload.", "snapshot", "epoch", {0}},
	{"portafilter_queries_received_total",
     COUNTER,
     "Packets and messages that came in.",
     "queries",
     "received",
     {0}},
	{"portafilter_queries_answered_total",
     COUNTER,
     "Queries that went through the rules.",
     "queries",
     "allow",
     {"action", "allow"}},
	{"portafilter_queries_answered_total", COUNTER, NULL, "queries", "flag", {"action", "flag"}},
	{"portafilter_queries_answered_total",
     COUNTER,
     NULL,
     "queries",
     "sinkhole",
     {"action", "sinkhole"}},
	{"portafilter_queries_turned_away_total",
     COUNTER,
     "Queries that did not.",
     "queries",
     "malformed",
     {"reason", "malformed"}},
	{"portafilter_queries_turned_away_total",
     COUNTER,
     NULL,
     "queries",
     "refused",
     {"reason", "refused"}},
	{"portafilter_queries_turned_away_total",
     COUNTER,
     NULL,
     "queries",
     "limited",
     {"reason", "limited"}},
	{"portafilter_queries_turned_away_total",
     COUNTER,
     NULL,
     "queries",
     "overloaded",
     {"reason", "overloaded"}},
	{"portafilter_replies_dropped_total",
     COUNTER,
     "Queries left without a reply by a rule.",
     "queries",
     "dropped",
     {0}},
	{"portafilter_queries_in_flight",
     GAUGE,
     "Queries that wait for an upstream.",
     "queries",
     "in_flight",
     {0}},
	{"portafilter_answers_total",
     COUNTER,
     "Where the answers came from.",
     "sources",
     "policy",
     {"source", "policy"}},
	{"portafilter_answers_total", COUNTER, NULL, "sources", "cache", {"source", "cache"}},
	{"portafilter_answers_total", COUNTER, NULL, "sources", "stale", {"source", "stale"}},
	{"portafilter_answers_total", COUNTER, NULL, "sources", "upstream", {"source", "upstream"}},
	{"portafilter_cache_entries", GAUGE, "Answers in the cache.", "cache", "entries", {0}},
	{"portafilter_cache_bytes", GAUGE, "What they take.", "cache", "bytes", {0}},
	{"portafilter_cache_max_bytes", GAUGE, "What they may take.", "cache", "bytes_max", {0}},
	{"portafilter_cache_hits_total",
     COUNTER,
     "Look-ups that found an answer.",
     "cache",
     "hits",
     {0}},
	{"portafilter_cache_misses_total", COUNTER, "Look-ups that did not.", "cache", "misses", {0}},
	{"portafilter_cache_prefetches_total",
     COUNTER,
     "Questions that renew what is asked often.",
     "cache",
     "prefetches",
     {0}},
	{"portafilter_cache_evictions_total",
     COUNTER,
     "Answers that went for want of room.",
     "cache",
     "evicted",
     {0}},
	{"portafilter_journal_put_total",
     COUNTER,
     "Records that entered a ring.",
     "journal",
     "put",
     {0}},
	{"portafilter_journal_journalled_total",
     COUNTER,
     "Records that are written.",
     "journal",
     "journalled",
     {0}},
	{"portafilter_journal_dropped_total",
     COUNTER,
     "Records that are lost.",
     "journal",
     "dropped",
     {0}},
	{"portafilter_journal_ring_bytes",
     GAUGE,
     "What waits in the fullest ring.",
     "journal",
     "ring_bytes",
     {0}},
	{"portafilter_journal_ring_max_bytes",
     GAUGE,
     "The size of a ring.",
     "journal",
     "ring_bytes_max",
     {0}},
	{"portafilter_devices_configured",
     GAUGE,
     "Devices of the configuration.",
     "devices",
     "configured",
     {0}},
	{"portafilter_devices_unknown",
     GAUGE,
     "Devices that nobody has named.",
     "devices",
     "unknown",
     {0}},
	{"portafilter_lists", GAUGE, "Lists in force.", "lists", "count", {0}},
	{"portafilter_rules", GAUGE, "Rules in force.", "rules", "count", {0}},
	{"portafilter_neighbours",
     GAUGE,
     "Addresses whose MAC the kernel knows.",
     "devices",
     "neighbours",
     {0}},
};

static void write_figures(struct buffer *out, const json_t *status)
{
	const char *name = "";
	for (size_t i = 0; i < PF_COUNT(figures); i++) {
		const struct figure *figure = &figures[i];
		const json_t *from = figure->group ? json_object_get(status, figure->group) : status;
		const json_t *value = json_object_get(from, figure->key);
		if (!json_is_number(value))
			continue;
		if (strcmp(figure->name, name))
			head(out, figure->name, figure->kind, figure->help);
		name = figure->name;
		const struct label labels[LABELS_MAX] = {figure->label};
		sample(out, name, labels, value, 1);
	}
}

/* ---- one line for each of many ----------------------------------------------------------- */

/* A column of rows that stand in an array. */
struct column {
	const char *name;
	enum kind kind;
	const char *help, *key;
	double factor;
};

static void write_columns(struct buffer *out, const json_t *rows, const struct column *columns,
                          size_t column_count, const struct label labels[LABELS_MAX])
{
	for (size_t c = 0; c < column_count && json_array_size(rows); c++) {
		head(out, columns[c].name, columns[c].kind, columns[c].help);
		for (size_t i = 0; i < json_array_size(rows); i++) {
			const json_t *row = json_array_get(rows, i);
			struct label own[LABELS_MAX] = {{0}};
			for (size_t k = 0; k < LABELS_MAX && labels[k].key; k++)
				own[k] = (struct label){labels[k].key, text(row, labels[k].value)};
			sample(out, columns[c].name, own, json_object_get(row, columns[c].key),
			       columns[c].factor);
		}
	}
}

static void add_servers(json_t *all, json_t *rows, const char *zones)
{
	json_t *row;
	size_t i;
	json_array_foreach(rows, i, row)
	{
		json_t *one = json_copy(row);
		json_object_set_new(one, "zones", json_string(zones));
		json_array_append_new(all, one);
	}
}

/* The servers of all groups in one array, each with the zones that it is asked for; "." for the default ones, and for those behind the
 * recursor, which is one of them. A new reference. */
static json_t *servers(const json_t *status)
{
	json_t *all = json_array(), *group, *zone;
	size_t i, k;
	add_servers(all, json_object_get(status, "upstreams"), ".");
	add_servers(all, json_object_get(json_object_get(status, "recursion"), "upstreams"), ".");
	json_array_foreach(json_object_get(status, "forward"), i, group)
	{
		struct buffer zones;
		buffer_init(&zones, METRICS_BYTES_MAX);
		json_array_foreach(json_object_get(group, "zones"), k, zone)
			buffer_print(&zones, "%s%s", k ? " " : "", json_string_value(zone));
		add_servers(all, json_object_get(group, "upstreams"), zones.data ? zones.data : "");
		buffer_deinit(&zones);
	}
	return all;
}

/* How long the answers of each server took; each line counts all that took no longer, as Prometheus wants it. */
static void write_latency(struct buffer *out, const json_t *upstreams)
{
	static const char name[] = "portafilter_upstream_latency_seconds";
	json_t *row, *answers;
	size_t i, slot;
	if (json_array_size(upstreams))
		head(out, name, HISTOGRAM, "From a question sent to its answer.");
	json_array_foreach(upstreams, i, row)
	{
		const json_t *latency = json_object_get(row, "latency");
		const json_t *within = json_object_get(latency, "within_ms");
		json_int_t all = 0;
		char le[32], series[80];
		struct label labels[LABELS_MAX] = {{"address", text(row, "address")},
		                                   {"zones", text(row, "zones")},
		                                   {"protocol", text(row, "protocol")},
		                                   {"le", le}};
		snprintf(series, sizeof series, "%s_bucket", name);
		json_array_foreach(json_object_get(latency, "answers"), slot, answers)
		{
			const json_t *ms = json_array_get(within, slot);
			snprintf(le, sizeof le, "%g", json_number_value(ms) / 1000);
			all += json_integer_value(answers);
			json_t *sum = json_integer(all);
			labels[3].value = ms ? le : "+Inf";
			sample(out, series, labels, sum, 1);
			json_decref(sum);
		}
		labels[3] = (struct label){0};
		json_t *sum = json_integer(all);
		snprintf(series, sizeof series, "%s_sum", name);
		sample(out, series, labels, json_object_get(latency, "sum_ms"), 0.001);
		snprintf(series, sizeof series, "%s_count", name);
		sample(out, series, labels, sum, 1);
		json_decref(sum);
	}
}

static void write_rules(struct buffer *out, const json_t *rules)
{
	static const char name[] = "portafilter_rule_matches_total";
	const json_t *rows = json_object_get(rules, "rules");
	if (json_array_size(rows))
		head(out, name, COUNTER, "Since the last reload.");
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		char number[24];
		snprintf(number, sizeof number, "%lld",
		         (long long)json_integer_value(json_object_get(row, "rule")));
		const struct label labels[LABELS_MAX] = {{"rule", number},
		                                         {"name", text(row, "name")},
		                                         {"action", text(row, "action")}};
		sample(out, name, labels, json_object_get(row, "matches"), 1);
	}
}

void metrics_write(struct buffer *out, const json_t *status, const json_t *lists,
                   const json_t *rules)
{
	static const struct column upstream[] = {
		{"portafilter_upstream_queries_total", COUNTER, "Questions sent.", "queries", 1},
		{"portafilter_upstream_answers_total", COUNTER, "Answers that were accepted.", "answers",
	     1},
		{"portafilter_upstream_timeouts_total", COUNTER, "Questions without one.", "timeouts", 1},
		{"portafilter_upstream_junk_total", COUNTER, "Packets that were no answer.", "junk", 1},
		{"portafilter_upstream_rtt_seconds", GAUGE, "Smoothed, of the slowest worker.", "rtt_ms",
	     0.001},
		{"portafilter_upstream_connections_total", COUNTER, "Connections within TLS.",
	     "connections", 1},
		{"portafilter_upstream_resumed_total", COUNTER,
	     "Of these, the ones that spared the handshake.", "resumed", 1},
		{"portafilter_upstream_failures_total", COUNTER,
	     "Connections that could not be made, or broke.", "failures", 1},
	};
	static const struct column sink[] = {
		{"portafilter_sink_journalled_total", COUNTER, "Records that this sink has.", "journalled",
	     1},
		{"portafilter_sink_dropped_total", COUNTER, "Records that it has not.", "dropped", 1},
	};
	static const struct column database[] = {
		{"portafilter_database_age_seconds", GAUGE, "Since it was built.", "age_days", 86400}};
	static const struct column list[] = {
		{"portafilter_list_names", GAUGE, "Names of a list.", "names", 1},
		{"portafilter_list_networks", GAUGE, "Networks of a list.", "networks", 1},
		{"portafilter_list_hits_total", COUNTER, "Queries that it decided since the last reload.",
	     "hits", 1},
	};
	static const struct label server[LABELS_MAX] = {{"address", "address"},
	                                                {"zones", "zones"},
	                                                {"protocol", "protocol"}};
	static const struct label named[LABELS_MAX] = {{"name", "name"}};
	static const struct label source[LABELS_MAX] = {{"kind", "kind"},
	                                                {"label", "label"},
	                                                {"path", "path"}};
	static const char info[] = "portafilter_build_info";
	head(out, info, GAUGE, "Which version this is.");
	buffer_append(out, info, sizeof info - 1);
	put_label(out, '{', "version", text(status, "version"));
	buffer_print(out, "} 1\n");
	write_figures(out, status);
	json_t *upstreams = servers(status);
	write_columns(out, upstreams, upstream, PF_COUNT(upstream), server);
	write_latency(out, upstreams);
	json_decref(upstreams);
	write_columns(out, json_object_get(json_object_get(status, "journal"), "sinks"), sink,
	              PF_COUNT(sink), named);
	write_columns(out, json_object_get(status, "databases"), database, PF_COUNT(database), source);
	write_columns(out, json_object_get(lists, "lists"), list, PF_COUNT(list), named);
	write_rules(out, rules);
}
