/* The questions of listed.h. */
#include "pipeline/listed.h"

#include "pipeline/pipeline.h"

struct list_asked listed_asked(const struct query *query)
{
	/* Of a device that a person asks about no address may be known. */
	return (struct list_asked){
		.name = &query->dns.name,
		.type = query->dns.type,
		.client = query->client.addr.family ? &query->client.addr : NULL,
		.device = &query->device,
	};
}

void listed_answer_init(struct listed_answer *listed, const struct answer *answer)
{
	listed->view = (struct list_answer){
		.addresses = answer->addresses,
		.address_count = answer->address_count,
		.servers = listed->servers,
		.server_count = answer_servers(answer, listed->servers),
		.server_addresses = answer->server_addresses,
		.server_address_count = answer->server_address_count,
	};
}

bool listed_find(const struct snapshot *snapshot, const struct query *query,
                 const struct verdict *verdict, const struct answer *answer,
                 struct list_found *found)
{
	struct list_asked asked = listed_asked(query);
	struct regex_scratch *scratch = query->pipeline->list_scratch;
	struct listed_answer listed;
	switch (verdict->match) {
	case MATCH_LIST:
		return lists_find(snapshot->lists, scratch, verdict->list, &asked, NULL, found);
	case MATCH_CNAME_LIST:
		if (!answer || verdict->index >= answer->hop_count)
			return false;
		asked.name = &answer->hops[verdict->index];
		return lists_find(snapshot->lists, scratch, verdict->list, &asked, NULL, found);
	case MATCH_ANSWER_LIST:
		if (!answer)
			return false;
		listed_answer_init(&listed, answer);
		return lists_find(snapshot->lists, scratch, verdict->list, &asked, &listed.view, found);
	default: return false;
	}
}
