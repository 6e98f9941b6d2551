/* `explain`: a person's question takes the way of a device's query, through the same stages in a worker, and ends in
 * JSON instead of a reply and a record. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/state.h"
#include "dns/registered.h"
#include "pipeline/listed.h"
#include "pipeline/sentence.h"

/* One explanation on its way; the admin's thread waits for it. */
struct waiting {
	pthread_mutex_t lock;
	pthread_cond_t finished;
	bool done;
	json_t *result; /* NULL: no memory */
	struct query query;
};

/* From the worker to the admin's thread, which takes it away again. */
#define FORMAT_KEY "format"
#define IDENTITY_KEY "identity"

static const char *const reply_words[] = {
	[REPLY_NULL] = "null",           [REPLY_NXDOMAIN] = "nxdomain",   [REPLY_NODATA] = "nodata",
	[REPLY_REFUSED] = "refused",     [REPLY_DROP] = "drop",           [REPLY_LIST] = "list",
	[REPLY_ADDRESSES] = "addresses", [REPLY_TRUNCATED] = "truncated", [REPLY_RECORDS] = "records",
	[REPLY_STRIP] = "strip",
};
static const char *const step_words[] = {"matches", "shadowed", "no match", "not asked"};
static const char *const stage_words[] = {"", "names", "answers"};

static json_t *or_null(struct country country)
{
	return country_known(country) ? json_string(country.code) : json_null();
}

/* The address that was reckoned with, for what asks for the client. */
static json_t *client_json(const struct addr *client)
{
	char text[ADDR_TEXT_MAX];
	if (!client->family)
		return json_null();
	addr_format(client, text);
	return json_string(text);
}

static json_t *addresses_json(const struct explanation *about)
{
	json_t *rows = json_array();
	for (size_t i = 0; about->facts && i < about->facts->address_count; i++) {
		const struct address_facts *facts = &about->facts->addresses[i];
		char address[ADDR_TEXT_MAX], evidence[RECORD_EVIDENCE_MAX];
		addr_format(&facts->address, address);
		sentence_evidence(evidence, about->snapshot->geo, facts);
		const char *organisation =
			facts->asn ? geo_organisation(about->snapshot->geo, facts->asn) : "";
		json_array_append_new(rows,
		                      json_pack("{s:s, s:o, s:o, s:I, s:s, s:s, s:s, s:s, s:b, s:b}",
		                                "address", address, "location", or_null(facts->location),
		                                "control", or_null(facts->control), "asn",
		                                (json_int_t)facts->asn, "organisation", organisation,
		                                "standing", standing_word(facts->standing), "confidence",
		                                confidence_word(facts->confidence), "evidence", evidence,
		                                "special", facts->special, "anycast", facts->anycast));
	}
	return rows;
}

static json_t *hops_json(const struct explanation *about)
{
	json_t *rows = json_array();
	for (size_t i = 0; about->answer && i < about->answer->hop_count; i++) {
		char text[NAME_TEXT_MAX];
		dns_name_to_text(&about->answer->hops[i], text);
		json_array_append_new(rows, json_string(text));
	}
	return rows;
}

/* Who registered the name, and each name on the way: "vendor.com", "akamaiedge.net"; null where nobody has. */
static json_t *owners_json(const struct query *query, const struct explanation *about)
{
	json_t *rows = json_array();
	size_t hops = about->answer ? about->answer->hop_count : 0;
	for (size_t i = 0; i <= hops; i++) {
		const struct dns_name *name = i ? &about->answer->hops[i - 1] : &query->dns.name;
		struct dns_name owner;
		char text[NAME_TEXT_MAX] = "";
		if (dns_registered_domain(name, &owner) == PF_OK)
			dns_name_to_text(&owner, text);
		json_array_append_new(rows, *text ? json_string(text) : json_null());
	}
	return rows;
}

/* What holds a name or the answer to it. */
struct held {
	const struct list_set *by_name;
	const struct list_set *by_answer; /* NULL: the answer is not looked at */
	const struct dns_name *cname; /* NULL: the question's name; else one on the way of the answer */
};

static void add_list(json_t *rows, const struct list_info *info, const char *entry,
                     const struct list_identity *identity, const struct dns_name *cname)
{
	char line[20], shown[NAME_TEXT_MAX] = "";
	if (cname)
		dns_name_to_text(cname, shown);
	snprintf(line, sizeof line, "%016llx%x", (unsigned long long)identity->entry, identity->covers);
	json_array_append_new(rows,
	                      json_pack("{s:s, s:s, s:i, s:s, s:s, s:n, s:n, s:o}", "name", info->name,
	                                "file", info->file, FORMAT_KEY, (int)info->format, IDENTITY_KEY,
	                                line, "entry", entry, "line", "text", "cname",
	                                cname ? json_string(shown) : json_null()));
}

static void add_lists(json_t *rows, const struct query *query, const struct explanation *about,
                      const struct held *held)
{
	const struct lists *lists = about->snapshot->lists;
	struct list_asked asked = listed_asked(query);
	const struct answer *answer = held->by_answer ? about->answer : NULL;
	struct listed_answer listed;
	if (answer)
		listed_answer_init(&listed, answer);
	if (held->cname)
		asked.name = held->cname;
	for (size_t i = 0; i < lists_count(lists); i++) {
		struct list_found found = {.text = ""};
		struct list_identity identity = {0};
		bool by_name = list_set_has(held->by_name, i);
		if (!by_name && !(answer && list_set_has(held->by_answer, i)))
			continue;
		const struct list_answer *view = by_name ? NULL : &listed.view;
		struct regex_scratch *scratch = query->pipeline->list_scratch;
		(void)lists_find(lists, scratch, i, &asked, view, &found);
		(void)lists_identify(lists, scratch, i, &asked, view, &identity);
		add_list(rows, lists_info(lists, i), found.text, &identity, held->cname);
	}
}

static json_t *lists_json(const struct query *query, const struct explanation *about)
{
	json_t *rows = json_array();
	add_lists(rows, query, about, &(struct held){about->lists, about->answer_lists, NULL});
	for (size_t i = 0; about->hop_lists && i < about->answer->hop_count; i++)
		add_lists(rows, query, about,
		          &(struct held){&about->hop_lists[i], NULL, &about->answer->hops[i]});
	return rows;
}

/* The text of a stranger's line as JSON has it, which is UTF-8. */
static json_t *line_text_json(struct list_line *line)
{
	json_t *text = json_string(line->text);
	for (char *at = line->text; !text && *at; at++)
		if (*at & 0x80)
			*at = '?';
	return text ? text : json_string(line->text);
}

/* In the admin's thread, which may wait for a disk: the index knows the entries, the files know the lines. */
static void add_lines(json_t *result)
{
	json_t *row;
	size_t i;
	json_array_foreach(json_object_get(result, "lists"), i, row)
	{
		struct list_line line;
		const char *file = json_string_value(json_object_get(row, "file"));
		json_int_t format = json_integer_value(json_object_get(row, FORMAT_KEY));
		const char *text = json_string_value(json_object_get(row, IDENTITY_KEY));
		struct list_identity identity = {0};
		unsigned long long entry = 0;
		unsigned covers = 0;
		if (text && sscanf(text, "%16llx%x", &entry, &covers) == 2)
			identity = (struct list_identity){entry, (uint8_t)covers};
		json_object_del(row, FORMAT_KEY);
		json_object_del(row, IDENTITY_KEY);
		if (!file || lists_find_line(file, (enum list_format)format, &identity, &line) != PF_OK)
			continue; /* it has changed since it was read, or is gone: line and text stay null */
		json_object_set_new(row, "line", json_integer(line.number));
		json_object_set_new(row, "text", line_text_json(&line));
	}
}

static json_t *steps_json(const struct query *query, const struct explanation *about)
{
	const struct policy *policy = about->snapshot->policy;
	size_t count = policy_rule_count(policy);
	json_t *rows = json_array();
	struct policy_step *steps = calloc(count ? count : 1, sizeof *steps);
	if (!steps)
		return rows;
	struct policy_question question = {query->device.tags,     &query->dns.name,
	                                   query->dns.type,        about->lists,
	                                   query->arrived.wall_us, about->verdict->paused};
	struct policy_answer answer = {.facts = about->facts,
	                               .hop_lists = about->hop_lists,
	                               .lists = list_set_any(about->answer_lists) ? about->answer_lists
	                                                                          : NULL};
	if (about->answer) {
		answer.hops = about->answer->hops;
		answer.hop_count = about->answer->hop_count;
	}
	policy_explain(policy, about->scratch, &question, about->facts ? &answer : NULL, steps);
	for (size_t i = 0; i < count; i++) {
		struct policy_rule_info info;
		policy_rule_info(policy, steps[i].rule, &info);
		json_array_append_new(rows, json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "rule",
		                                      (json_int_t)steps[i].rule, "name", info.name,
		                                      "action", action_word(info.action), "stage",
		                                      stage_words[steps[i].stage], "result",
		                                      step_words[steps[i].result], "why", steps[i].why));
	}
	free(steps);
	return rows;
}

static json_t *verdict_json(const struct query *query, const struct explanation *about)
{
	const struct verdict *verdict = about->verdict;
	struct policy_rule_info rule = {.name = ""};
	char name[NAME_TEXT_MAX], type[DNS_TYPE_TEXT_MAX], rcode[DNS_TYPE_TEXT_MAX];
	if (verdict->rule)
		policy_rule_info(about->snapshot->policy, verdict->rule, &rule);
	dns_name_to_text(&query->dns.name, name);
	dns_type_to_text(query->dns.type, type);
	dns_rcode_to_text(about->rcode, rcode);
	bool sinkholed = verdict->action == ACTION_SINKHOLE;
	bool dropped = sinkholed && verdict->reply->kind == REPLY_DROP;
	return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
	                 "name", name, "type", type, "action", action_word(verdict->action), "rule",
	                 (json_int_t)verdict->rule, "rule_name", rule.name, "stage",
	                 stage_words[verdict->stage], "reason", about->reason, "reply",
	                 sinkholed ? reply_words[verdict->reply->kind] : "", "rcode",
	                 dropped ? "DROPPED" : rcode, "standing",
	                 about->facts ? standing_word(about->facts->standing) : "", "confidence",
	                 about->facts ? confidence_word(about->facts->confidence) : "", "source",
	                 record_source_word(query->source), "upstream",
	                 about->entry
	                     ? cache_entry_upstream(query->pipeline->shared->cache, about->entry)
	                     : "",
	                 "dnssec", dnssec_word(about->answer ? about->answer->dnssec : DNSSEC_NONE));
}

/* In the worker's thread, under its rcu_read_lock. */
static void on_explained(struct query *query, const struct explanation *about)
{
	struct waiting *waiting = (struct waiting *)((char *)query - offsetof(struct waiting, query));
	json_t *result = verdict_json(query, about);
	if (result) {
		json_object_set_new(result, "device",
		                    json_pack("{s:s, s:s, s:b, s:o}", "id", query->device.id, "name",
		                              query->device.name, "known", query->device.known, "tags",
		                              api_tags(about->snapshot, query->device.tags)));
		/* Part of the evidence: an upstream that is told a network may answer otherwise. */
		const char *upstream =
			about->entry ? cache_entry_upstream(query->pipeline->shared->cache, about->entry) : "";
		json_object_set_new(result, "client_subnet",
		                    json_boolean(upstream_text_has_subnet(upstream)));
		json_object_set_new(result, "client", client_json(&query->client.addr));
		json_object_set_new(result, "hops", hops_json(about));
		json_object_set_new(result, "owners", owners_json(query, about));
		json_object_set_new(result, "addresses", addresses_json(about));
		json_object_set_new(result, "lists", lists_json(query, about));
		json_object_set_new(result, "rules", steps_json(query, about));
	}
	pthread_mutex_lock(&waiting->lock);
	waiting->result = result;
	waiting->done = true;
	pthread_cond_signal(&waiting->finished);
	pthread_mutex_unlock(&waiting->lock);
}

/* The device, and from where it asks: what a person wrote, when that is an address. */
static int find_device(struct daemon *daemon, const char *text, struct query *query)
{
	struct addr *client = &query->client.addr;
	rcu_register_thread();
	int found = devices_find(daemon->devices, text, &query->device);
	if (found == PF_OK && addr_parse(text, client) != PF_OK &&
	    !devices_address(daemon->devices, &query->device, client))
		*client = (struct addr){0};
	rcu_unregister_thread();
	return found;
}

/* Fills in what a packet would have said. */
static int fill_question(struct dns_query *dns, const char *name, const char *type, int *http,
                         char error[500])
{
	*http = 400;
	if (dns_name_from_text(name, &dns->name) != PF_OK) {
		snprintf(error, 500, "\"%.200s\" is no domain name.", name);
		return PF_EINVAL;
	}
	int number = dns_type_from_text(type);
	if (number < 0) {
		snprintf(error, 500, "\"%.32s\" is no record type; try A, AAAA or HTTPS.", type);
		return PF_EINVAL;
	}
	dns->type = (uint16_t)number;
	dns->class = DNS_CLASS_IN;
	dns->rd = true;
	dns->edns.present = true;
	dns->edns.udp_size = DNS_EDNS_UPSTREAM_SIZE;
	memcpy(dns->question, dns->name.wire, dns->name.length);
	dns_write16(dns->question + dns->name.length, dns->type);
	dns_write16(dns->question + dns->name.length + 2, dns->class);
	dns->question_length = (uint16_t)(dns->name.length + 4);
	*http = 200;
	return PF_OK;
}

json_t *api_explain(void *data, const char *device, const char *name, const char *type, int *http,
                    char error[500])
{
	struct daemon *daemon = data;
	struct waiting *waiting = calloc(1, sizeof *waiting);
	if (!waiting) {
		*http = 503;
		snprintf(error, 500, "The daemon is out of memory.");
		return NULL;
	}
	json_t *result = NULL;
	if (find_device(daemon, device, &waiting->query) != PF_OK) {
		*http = 404;
		snprintf(error, 500,
		         "There is no device \"%.100s\"; `portafilter devices` lists them, and an address "
		         "or a MAC will do as well.",
		         device);
	} else if (fill_question(&waiting->query.dns, name, type, http, error) == PF_OK) {
		pthread_mutex_init(&waiting->lock, NULL);
		pthread_cond_init(&waiting->finished, NULL);
		waiting->query.explained = on_explained;
		worker_explain(daemon->workers[0], &waiting->query);
		pthread_mutex_lock(&waiting->lock);
		while (!waiting->done)
			pthread_cond_wait(&waiting->finished, &waiting->lock);
		pthread_mutex_unlock(&waiting->lock);
		result = waiting->result;
		pthread_mutex_destroy(&waiting->lock);
		pthread_cond_destroy(&waiting->finished);
		if (result)
			add_lines(result);
		if (!result) {
			*http = 503;
			snprintf(error, 500, "The daemon is out of memory.");
		}
	}
	free(waiting);
	return result;
}
