/* What the API asks of the daemon: figures and tables as JSON. Called from the admin's threads; the
 * snapshot is read under RCU, the counters without a lock. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/counter.h"
#include "daemon/state.h"
#include "report/addresses.h"

#define OLD_DAYS 45 /* from here on `status` warns of a database's age */
#define DAY_US (86400LL * 1000000)
#define RELOAD_WAIT_S 120 /* a reload of very large lists */

json_t *api_time(int64_t wall_us)
{
	if (!wall_us)
		return json_null();
	char text[CLOCK_TEXT_MAX];
	clock_format(wall_us, text);
	return json_string(text);
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

json_t *api_tags(const struct snapshot *snapshot, tag_set tags)
{
	json_t *list = json_array();
	for (size_t i = 0; i < TAG_MAX; i++)
		if (tags & tag_bit(i))
			json_array_append_new(list, json_string(policy_tag_name(snapshot->policy, i)));
	return list;
}

/* ---- status ------------------------------------------------------------------------------ */

/* The sum of one counter over all workers; `offset` is its place in struct pipeline_counters. */
static uint64_t sum(const struct daemon *daemon, size_t offset)
{
	uint64_t total = 0;
	for (size_t i = 0; i < daemon->worker_count; i++) {
		const char *counters = (const char *)worker_counters(daemon->workers[i]);
		total += counter_read((const uint64_t *)(counters + offset));
	}
	return total;
}

#define SUM(daemon, member) number(sum(daemon, offsetof(struct pipeline_counters, member)))

static json_t *queries_json(const struct daemon *d)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "notified",
	                 SUM(d, notified), "limited", SUM(d, limited), "received", SUM(d, received),
	                 "answered", SUM(d, answered), "malformed", SUM(d, malformed), "refused",
	                 SUM(d, refused), "overloaded", SUM(d, overloaded), "dropped",
	                 SUM(d, drop_replies), "allow", SUM(d, actions[ACTION_ALLOW]), "flag",
	                 SUM(d, actions[ACTION_FLAG]), "sinkhole", SUM(d, actions[ACTION_SINKHOLE]),
	                 "in_flight", SUM(d, in_flight));
}

static json_t *sources_json(const struct daemon *d)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "policy", SUM(d, sources[SOURCE_POLICY]), "cache",
	                 SUM(d, sources[SOURCE_CACHE]), "stale", SUM(d, sources[SOURCE_STALE]),
	                 "upstream", SUM(d, sources[SOURCE_UPSTREAM]));
}

static json_t *cache_json(const struct daemon *d)
{
	struct cache_stats stats;
	cache_stats(d->shared.cache, &stats);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "entries", number(stats.entries),
	                 "bytes", number(stats.bytes), "bytes_max", number(stats.bytes_max), "hits",
	                 SUM(d, cache_hits), "misses", SUM(d, cache_misses), "evicted",
	                 number(stats.evicted), "prefetches", SUM(d, prefetches));
}

static json_t *sinks_json(struct journal *journal)
{
	json_t *sinks = json_array();
	for (size_t i = 0; i < journal_sink_count(journal); i++) {
		struct journal_sink_stats stats;
		journal_sink_stats(journal, i, &stats);
		json_array_append_new(sinks,
		                      json_pack("{s:s, s:o, s:o, s:s}", "name", stats.name, "journalled",
		                                number(stats.journalled), "dropped", number(stats.dropped),
		                                "last_error", stats.last_error));
	}
	return sinks;
}

static json_t *journal_json(const struct daemon *daemon)
{
	if (!daemon->shared.journal)
		return json_pack("{s:b}", "enabled", 0);
	struct journal_stats stats;
	journal_stats(daemon->shared.journal, &stats);
	return json_pack("{s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "enabled", 1, "path",
	                 daemon->journal_path ? daemon->journal_path : "off", "put", number(stats.put),
	                 "journalled", number(stats.journalled), "dropped", number(stats.dropped),
	                 "recovered", number(stats.recovered), "ring_bytes", number(stats.ring_bytes),
	                 "ring_bytes_max", number(stats.ring_bytes_max), "last_error", stats.last_error,
	                 "sinks", sinks_json(daemon->shared.journal));
}

static json_t *databases_json(const struct geo *geo, int64_t now_us)
{
	json_t *list = json_array();
	for (size_t i = 0; i < geo_source_count(geo); i++) {
		struct geo_source source;
		char built[CLOCK_TEXT_MAX];
		geo_source_of_day(geo, i, &source, built);
		int64_t age_days = (now_us - source.built_wall_us) / DAY_US;
		json_array_append_new(list,
		                      json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:b, s:s}", "kind",
		                                source.kind, "label", source.label, "path", source.path,
		                                "built", built, "age_days", (json_int_t)age_days, "entries",
		                                number(source.entries), "old", age_days >= OLD_DAYS,
		                                "credit", source.credit));
	}
	return list;
}

static json_t *listen_json(const struct daemon *daemon)
{
	json_t *list = json_array();
	for (size_t i = 0; i < daemon->listen_count; i++) {
		char text[ADDR_PORT_TEXT_MAX];
		addr_port_format(&daemon->listen[i].address, text);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

static json_t *home_json(const struct config *config)
{
	json_t *list = json_array();
	for (size_t i = 0; i < config->home_count; i++)
		json_array_append_new(list, json_string(config->home[i].code));
	return list;
}

static size_t names_in_lists(const struct lists *lists)
{
	size_t names = 0;
	for (size_t i = 0; i < lists_count(lists); i++)
		names += lists_info(lists, i)->names;
	return names;
}

static json_t *sandbox_json(const struct daemon *daemon)
{
	static const char *const modes[] = {[CONFIG_SANDBOX_ON] = "on",
	                                    [CONFIG_SANDBOX_OFF] = "off",
	                                    [CONFIG_SANDBOX_STRICT] = "strict"};
	static const char *const calls[] = {[SANDBOX_CALLS_OPEN] = "open",
	                                    [SANDBOX_CALLS_REFUSED] = "refused",
	                                    [SANDBOX_CALLS_KILL] = "kill"};
	const struct sandbox *sandbox = &daemon->sandbox;
	char name[SANDBOX_CALL_TEXT_MAX];
	int last;
	uint64_t refused = sandbox_refused(&last);
	if (last >= 0)
		sandbox_call_name(last, name);
	return json_pack("{s:s, s:s, s:i, s:s, s:o, s:o}", "mode", modes[sandbox->wanted], "calls",
	                 calls[sandbox->calls], "landlock", sandbox->landlock, "missing",
	                 sandbox->missing, "refused", number(refused), "last_refused",
	                 last >= 0 ? json_string(name) : json_null());
}

/* null: the upstreams are asked, and believed. */
static json_t *recursion_json(const struct daemon *daemon, const struct config *config)
{
	char address[ADDR_PORT_TEXT_MAX];
	if (!config_recurses(config) || !daemon->recursion)
		return json_null();
	addr_port_format(&config->recursion.address, address);
	return json_pack("{s:s, s:b, s:b, s:I}", "address", address, "recursive",
	                 config->recursion.recursive, "validates", config->recursion.validates,
	                 "restarts", (json_int_t)recursion_restarts(daemon->recursion));
}

static json_t *api_status(void *data, int *http, char error[500])
{
	(void)http;
	(void)error;
	struct daemon *daemon = data;
	rcu_register_thread();
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(daemon->shared.snapshot);
	int64_t now_us = clock_now().wall_us;
	json_t *status =
		json_pack("{s:s, s:i, s:o, s:I, s:{s:I, s:o, s:s}, s:I, s:o, s:o}", "version",
	              PACKAGE_VERSION, "pid", (int)getpid(), "started",
	              api_time(daemon->started.wall_us), "uptime_s",
	              (json_int_t)((now_us - daemon->started.wall_us) / 1000000), "snapshot", "epoch",
	              (json_int_t)snapshot->epoch, "built", api_time(snapshot->built_wall_us), "config",
	              daemon->config_path, "workers", (json_int_t)daemon->worker_count, "listen",
	              listen_json(daemon), "home", home_json(snapshot->config));
	json_object_set_new(status, "workers_hung", number(supervisor_hung(daemon->supervisor)));
	json_object_set_new(status, "sandbox", sandbox_json(daemon));
	json_object_set_new(status, "recursion", recursion_json(daemon, snapshot->config));
	json_object_set_new(status, "pauses", api_pauses(daemon, now_us));
	json_object_set_new(status, "queries", queries_json(daemon));
	json_object_set_new(status, "sources", sources_json(daemon));
	json_object_set_new(status, "cache", cache_json(daemon));
	api_add_upstreams(daemon, snapshot, status);
	json_object_set_new(status, "journal", journal_json(daemon));
	json_object_set_new(status, "notify", api_notify(daemon));
	json_object_set_new(status, "databases", databases_json(snapshot->geo, now_us));
	json_object_set_new(status, "devices", devices_status_json(daemon->devices));
	json_object_set_new(status, "lists",
	                    json_pack("{s:o, s:o}", "count", number(lists_count(snapshot->lists)),
	                              "names", number(names_in_lists(snapshot->lists))));
	json_object_set_new(status, "rules",
	                    json_pack("{s:o}", "count", number(policy_rule_count(snapshot->policy))));
	rcu_read_unlock();
	rcu_unregister_thread();
	pthread_mutex_lock(&daemon->reload_lock);
	json_object_set(status, "warnings", daemon->warnings);
	pthread_mutex_unlock(&daemon->reload_lock);
	return status;
}

/* ---- devices ----------------------------------------------------------------------------- */

static json_t *api_devices(void *data, int *http, char error[500])
{
	(void)http;
	(void)error;
	struct daemon *daemon = data;
	return devices_json(daemon->devices);
}

static json_t *api_tag(void *data, const char *device, const char *tags, bool untag, int *http,
                       char error[500])
{
	struct daemon *daemon = data;
	rcu_register_thread();
	json_t *result = devices_tag(daemon->devices, device, tags, untag, http, error);
	rcu_unregister_thread();
	return result;
}

static json_t *api_name_device(void *data, const char *device, const char *name, int *http,
                               char error[500])
{
	struct daemon *daemon = data;
	rcu_register_thread();
	json_t *result = devices_name(daemon->devices, device, name, http, error);
	rcu_unregister_thread();
	return result;
}

/* ---- lists and rules --------------------------------------------------------------------- */

static json_t *skipped_json(const struct list_info *info)
{
	json_t *list = json_array();
	for (size_t reason = 0; reason < SKIP_COUNT; reason++) {
		const struct list_skipped *skipped = &info->skipped[reason];
		if (!skipped->count)
			continue;
		json_t *lines = json_array();
		for (size_t i = 0; i < LIST_SKIP_EXAMPLES_MAX && i < skipped->count; i++)
			json_array_append_new(lines, json_integer(skipped->example_lines[i]));
		json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "reason", list_skip_text(reason),
		                                      "count", number(skipped->count), "lines", lines));
	}
	return list;
}

/* A counter that begins anew with each snapshot, where it stands in pipeline_counters, of all workers that have this one. */
static uint64_t since_snapshot(const struct daemon *daemon, uint32_t epoch, size_t offset)
{
	uint64_t total = 0;
	for (size_t i = 0; i < daemon->worker_count; i++) {
		const struct pipeline_counters *counters = worker_counters(daemon->workers[i]);
		if (counter_read(&counters->rule_epoch) == epoch)
			total += counter_read((const uint64_t *)((const char *)counters + offset));
	}
	return total;
}

static uint64_t list_hits(const struct daemon *daemon, size_t list, uint32_t epoch)
{
	return since_snapshot(daemon, epoch,
	                      offsetof(struct pipeline_counters, lists) + list * sizeof(uint64_t));
}

static json_t *api_lists(void *data, int *http, char error[500])
{
	static const char *const formats[] = {"auto",    "plain", "hosts", "adblock", "dnsmasq",
	                                      "unbound", "rpz",   "regex", "cidr"};
	(void)http;
	(void)error;
	struct daemon *daemon = data;
	json_t *rows = json_array(), *sources = api_subscriptions(daemon);
	rcu_register_thread();
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(daemon->shared.snapshot);
	for (size_t i = 0; i < lists_count(snapshot->lists); i++) {
		const struct list_info *info = lists_info(snapshot->lists, i);
		json_array_append_new(
			rows,
			json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
		              "s:O?}",
		              "name", info->name, "file", info->file, "format", formats[info->format],
		              "names", number(info->names), "patterns", number(info->patterns), "networks",
		              number(info->networks), "joined", number(info->joined), "exceptions",
		              number(info->exceptions), "extra_names", number(info->extra_names), "lines",
		              number(info->lines), "comments", number(info->comments), "skipped",
		              skipped_json(info), "hits", number(list_hits(daemon, i, snapshot->epoch)),
		              "modified", api_time(info->modified_wall_us), "source",
		              json_object_get(sources, info->name)));
	}
	rcu_read_unlock();
	rcu_unregister_thread();
	json_decref(sources);
	return json_pack("{s:o}", "lists", rows);
}

static uint64_t rule_matches(const struct daemon *daemon, size_t rule, uint32_t epoch)
{
	return since_snapshot(daemon, epoch,
	                      offsetof(struct pipeline_counters, rules) + rule * sizeof(uint64_t));
}

/* The warnings that speak of a rule: "FILE:LINE:COLUMN: …" from its line to that of the next one. */
static json_t *rule_warnings(json_t *warnings, const struct config *config, size_t rule)
{
	const struct config_rule *of = &config->rules[rule];
	const char *file = config_rule_file(config, of);
	bool last = rule + 1 == config->rule_count || config->rules[rule + 1].added != of->added;
	unsigned long end = last ? of->pos.line + 1 : config->rules[rule + 1].pos.line;
	size_t i, length = strlen(file);
	json_t *warning, *list = json_array();
	if (end == of->pos.line)
		end++; /* two rules on one line: who could tell */
	json_array_foreach(warnings, i, warning)
	{
		const char *text = json_string_value(warning);
		if (strncmp(text, file, length) || text[length] != ':')
			continue;
		unsigned long line = strtoul(text + length + 1, NULL, 10);
		if (line >= of->pos.line && line < end)
			json_array_append(list, warning);
	}
	return list;
}

static json_t *rule_json(const struct daemon *daemon, const struct snapshot *snapshot, size_t rule)
{
	struct policy_rule_info info;
	const struct config_rule *from = &snapshot->config->rules[rule - 1];
	size_t shadow = policy_shadowed_by(snapshot->config, rule);
	policy_rule_info(snapshot->policy, rule, &info);
	return json_pack("{s:I, s:s, s:b, s:s, s:i, s:o, s:s, s:s, s:o, s:s?}", "rule",
	                 (json_int_t)rule, "name", info.name, "added", info.added, "file",
	                 config_rule_file(snapshot->config, from), "line", (int)from->pos.line, "tags",
	                 api_tags(snapshot, info.tags), "action", action_word(info.action), "stage",
	                 info.stage == STAGE_NAMES ? "names" : "answers", "matches",
	                 number(rule_matches(daemon, rule, snapshot->epoch)), "shadowed_by",
	                 shadow ? snapshot->config->rules[shadow - 1].name : NULL);
}

static json_t *api_rules(void *data, int *http, char error[500])
{
	(void)http;
	(void)error;
	struct daemon *daemon = data;
	json_t *rows = json_array(), *texts = added_texts(daemon);
	pthread_mutex_lock(&daemon->reload_lock);
	json_t *warnings = json_incref(daemon->warnings);
	pthread_mutex_unlock(&daemon->reload_lock);
	rcu_register_thread();
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(daemon->shared.snapshot);
	for (size_t rule = 1; rule <= policy_rule_count(snapshot->policy); rule++) {
		const struct config_rule *from = &snapshot->config->rules[rule - 1];
		json_t *row = rule_json(daemon, snapshot, rule);
		json_t *text = from->added ? json_object_get(texts, from->name) : NULL;
		json_object_set_new(row, "warnings", rule_warnings(warnings, snapshot->config, rule - 1));
		json_object_set_new(row, "text", text ? json_incref(text) : json_null());
		json_array_append_new(rows, row);
	}
	rcu_read_unlock();
	rcu_unregister_thread();
	json_decref(warnings);
	json_decref(texts);
	return json_pack("{s:o}", "rules", rows);
}

static json_t *api_geo(void *data, const struct addr *addresses, size_t count, int *http,
                       char error[500])
{
	(void)http;
	(void)error;
	struct daemon *daemon = data;
	rcu_register_thread();
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(daemon->shared.snapshot);
	json_t *document =
		addresses_document(snapshot->geo, snapshot->config, addresses, count, clock_now());
	rcu_read_unlock();
	rcu_unregister_thread();
	return document;
}

/* ---- reload ------------------------------------------------------------------------------ */

json_t *api_reload(void *data, int *http, char error[500])
{
	struct daemon *daemon = data;
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += RELOAD_WAIT_S;
	pthread_mutex_lock(&daemon->reload_lock);
	uint64_t mine = ++daemon->reloads_wanted;
	uv_async_send(&daemon->wake);
	int waited = 0;
	while (daemon->reloads_finished < mine && !waited && !daemon->ending)
		waited = pthread_cond_timedwait(&daemon->reload_done, &daemon->reload_lock, &until);
	json_t *result = NULL;
	if (daemon->reloads_finished < mine && daemon->ending) {
		*http = 503;
		snprintf(error, 500, "The daemon is ending.");
	} else if (daemon->reloads_finished < mine) {
		*http = 504;
		snprintf(error, 500, "The reload takes longer than %d s; see the daemon's log.",
		         RELOAD_WAIT_S);
	} else if (!daemon->reload_ok) {
		*http = 422;
		snprintf(error, 500, "The configuration is not taken; the old one stays in force.");
		result = json_pack("{s:O}", "errors", daemon->reload_errors);
	} else {
		result = json_pack("{s:O}", "warnings", daemon->warnings);
	}
	bool ok = daemon->reload_ok && result;
	pthread_mutex_unlock(&daemon->reload_lock);
	if (!result || !ok)
		return result;
	rcu_register_thread();
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(daemon->shared.snapshot);
	json_object_set_new(result, "epoch", json_integer(snapshot->epoch));
	rcu_read_unlock();
	rcu_unregister_thread();
	return result;
}

static char *api_recognise_path(void *data)
{
	struct daemon *daemon = data;
	rcu_register_thread();
	rcu_read_lock();
	const struct snapshot *snapshot = rcu_dereference(daemon->shared.snapshot);
	char *path = snapshot->config->recognise_path ? strdup(snapshot->config->recognise_path) : NULL;
	rcu_read_unlock();
	rcu_unregister_thread();
	return path;
}

struct admin_ops api_ops(struct daemon *daemon)
{
	return (struct admin_ops){
		.data = daemon,
		.status = api_status,
		.devices = api_devices,
		.tag = api_tag,
		.lists = api_lists,
		.rules = api_rules,
		.explain = api_explain,
		.update_lists = api_update_lists,
		.simulate = api_simulate,
		.simulate_change = api_simulate_change,
		.reload = api_reload,
		.change_rules = api_change_rules,
		.geo = api_geo,
		.name_device = api_name_device,
		.pause = api_pause,
		.recognise_path = api_recognise_path,
	};
}
