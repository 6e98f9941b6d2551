/* The look-up of primary.h: a walk over the lists, for the few messages that are a NOTIFY. */
#include "pipeline/primary.h"

int primary_of_notify(const struct config *config, const struct dns_query *message,
                      const struct addr *sender)
{
	if (message->opcode != DNS_OPCODE_NOTIFY || !message->question_length ||
	    message->type != DNS_TYPE_SOA || message->class != DNS_CLASS_IN)
		return -1;
	for (size_t i = 0; i < config->list_count; i++) {
		const struct config_rpz *rpz = config->lists[i].rpz;
		if (rpz && dns_name_equal(&rpz->zone, &message->name) &&
		    addr_equal(&rpz->primary.addr, sender))
			return (int)i;
	}
	return -1;
}
