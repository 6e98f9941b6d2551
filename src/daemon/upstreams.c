/* The servers of `status`: those of `upstreams`, and for each forward zone its own. */
#include "daemon/state.h"

/* Those of the workers' groups, and those that the recursor asks in turn. */
#define SERVERS_MAX (UPSTREAM_STATS_MAX + UPSTREAM_COUNT_MAX)

/* The figures of all workers for the servers of a snapshot, group by group. */
struct sums {
	size_t count;
	struct upstream_stats of[SERVERS_MAX];
};

static struct upstream_stats *find(struct sums *sums, uint64_t group, uint64_t key)
{
	for (size_t i = 0; i < sums->count; i++) {
		struct upstream_stats *one = &sums->of[i];
		if (one->group == group && one->target.key == key)
			return one;
	}
	return NULL;
}

static void add_group(struct sums *sums, uint64_t group, const struct upstream_target *upstreams,
                      size_t count)
{
	for (size_t i = 0; i < count && sums->count < SERVERS_MAX; i++)
		sums->of[sums->count++] = (struct upstream_stats){.group = group, .target = upstreams[i]};
}

/* Servers that only an older snapshot has are left out: what is shown is what is in force. */
static void add(struct sums *sums, const struct upstream_stats *some, size_t found)
{
	for (size_t i = 0; i < found; i++) {
		struct upstream_stats *sum = find(sums, some[i].group, some[i].target.key);
		if (!sum)
			continue;
		sum->queries += some[i].queries;
		sum->answers += some[i].answers;
		sum->timeouts += some[i].timeouts;
		sum->junk += some[i].junk;
		sum->rtt_us = some[i].rtt_us > sum->rtt_us ? some[i].rtt_us : sum->rtt_us;
		sum->loses_case |= some[i].loses_case;
		sum->connections += some[i].connections;
		sum->resumed += some[i].resumed;
		sum->failures += some[i].failures;
		sum->loss = some[i].loss > sum->loss ? some[i].loss : sum->loss;
		sum->latency_sum_us += some[i].latency_sum_us;
		for (size_t slot = 0; slot < PF_COUNT(sum->latency); slot++)
			sum->latency[slot] += some[i].latency[slot];
	}
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* {"within_ms": [1, …], "answers": [how many within each and not within the one before it, …, later], "sum_ms"} */
static json_t *latency_json(const struct upstream_stats *stats)
{
	json_t *within = json_array(), *answers = json_array();
	for (size_t i = 0; i < UPSTREAM_LATENCY_COUNT; i++)
		json_array_append_new(within, json_integer(upstream_latency_ms[i]));
	for (size_t i = 0; i < PF_COUNT(stats->latency); i++)
		json_array_append_new(answers, number(stats->latency[i]));
	return json_pack("{s:o, s:o, s:f}", "within_ms", within, "answers", answers, "sum_ms",
	                 (double)stats->latency_sum_us / 1000);
}

static json_t *servers_json(const struct sums *sums, uint64_t group)
{
	json_t *list = json_array();
	for (size_t i = 0; i < sums->count; i++) {
		const struct upstream_stats *one = &sums->of[i];
		char text[UPSTREAM_TEXT_MAX], subnet[PREFIX_TEXT_MAX];
		if (one->group != group)
			continue;
		upstream_target_format(&one->target, text);
		upstream_subnet_format(&one->target.subnet, subnet);
		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o}",
		              "address", text, "client_subnet", subnet, "protocol",
		              protocol_word(one->target.protocol), "queries", number(one->queries),
		              "answers", number(one->answers), "timeouts", number(one->timeouts), "junk",
		              number(one->junk), "rtt_ms",
		              one->rtt_us ? json_real((double)one->rtt_us / 1000) : json_null(), "loss",
		              json_real((double)one->loss / UPSTREAM_LOSS_ONE), "latency",
		              latency_json(one), "loses_case", (int)one->loses_case, "connections",
		              number(one->connections), "resumed", number(one->resumed), "failures",
		              number(one->failures)));
	}
	return list;
}

static json_t *zones_json(const struct local_group *group)
{
	json_t *list = json_array();
	for (size_t i = 0; i < group->zone_count; i++) {
		char text[NAME_TEXT_MAX];
		dns_name_to_text(&group->zones[i], text);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

void api_add_upstreams(const struct daemon *daemon, const struct snapshot *snapshot, json_t *status)
{
	struct sums sums = {0};
	struct upstream_stats some[UPSTREAM_STATS_MAX];
	struct local_group group;
	add_group(&sums, LOCAL_GROUP_DEFAULT, snapshot->config->upstreams,
	          snapshot->config->upstream_count);
	const struct config_recursion *recursion = &snapshot->config->recursion;
	add_group(&sums, UPSTREAM_GROUP_BEHIND, recursion->forwards, recursion->forward_count);
	for (size_t i = 0; i < local_group_count(snapshot->local); i++) {
		local_group(snapshot->local, i, &group);
		add_group(&sums, group.id, group.upstreams, group.upstream_count);
	}
	for (size_t w = 0; w < daemon->worker_count; w++)
		add(&sums, some, worker_upstreams(daemon->workers[w], some));
	add(&sums, some, bridge_upstreams(daemon->bridge, some));
	json_t *forward = json_array();
	for (size_t i = 0; i < local_group_count(snapshot->local); i++) {
		local_group(snapshot->local, i, &group);
		json_array_append_new(forward, json_pack("{s:o, s:o}", "zones", zones_json(&group),
		                                         "upstreams", servers_json(&sums, group.id)));
	}
	json_object_set_new(status, "upstreams", servers_json(&sums, LOCAL_GROUP_DEFAULT));
	json_object_set_new(status, "forward", forward);
	json_object_set_new(status, "spread",
	                    json_string(snapshot->config->spread ? "by-domain" : "off"));
	json_t *behind = json_object_get(status, "recursion");
	if (json_is_object(behind))
		json_object_set_new(behind, "upstreams", servers_json(&sums, UPSTREAM_GROUP_BEHIND));
}
