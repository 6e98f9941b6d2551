/* What was decided for one query, and why. */
#ifndef PF_VALUE_VERDICT_H
#define PF_VALUE_VERDICT_H

#include <stdint.h>

#include "base/addr.h"

#define REPLY_ADDRESS_MAX 8 /* addresses in one rule's reply */

enum action { ACTION_ALLOW, ACTION_FLAG, ACTION_SINKHOLE };

enum stage {
	STAGE_NONE,    /* no rule matched */
	STAGE_NAMES,   /* decided by device and name, before anything left the house */
	STAGE_ANSWERS, /* decided by what the answer says */
};

enum reply_kind {
	REPLY_NULL, /* 0.0.0.0 and ::, NODATA for other types */
	REPLY_NXDOMAIN,
	REPLY_NODATA,
	REPLY_REFUSED,
	REPLY_DROP, /* no reply at all */
	REPLY_LIST, /* as the entry of the list says; REPLY_NULL where it says nothing */
	REPLY_ADDRESSES,
	REPLY_TRUNCATED, /* over UDP an empty reply with TC: ask again over TCP, where the answer stands */
	REPLY_RECORDS, /* the records of a list's entry */
	REPLY_STRIP,   /* the answer without the addresses that the rule is about */
};

/* What a sinkholed client gets. Owned by the policy's snapshot, or by the lists' when a list says it. */
struct rule_reply {
	enum reply_kind kind;
	uint8_t address_count; /* of REPLY_ADDRESSES */
	struct addr addresses[REPLY_ADDRESS_MAX];
	uint16_t record_bytes; /* of REPLY_RECORDS, as dns/reply.h has them */
	const uint8_t *records;
};

/* "allow", "flag", "sinkhole" */
const char *action_word(enum action action);
int action_parse(const char *word); /* PF_EINVAL */

/* What made the rule match: the strongest piece of evidence that it names. */
enum match_kind {
	MATCH_ALWAYS,      /* tags and types alone */
	MATCH_NAME,        /* `pattern` of its names */
	MATCH_LIST,        /* `list`, `line` */
	MATCH_CNAME,       /* `pattern` of its cnames, on the hop `index` */
	MATCH_ADDRESS,     /* standing, location, control, asn or addresses: address `index` */
	MATCH_CNAME_LIST,  /* `list` holds the hop `index` */
	MATCH_ANSWER_LIST, /* `list` holds an address of the answer, or a name server that it shows */
	MATCH_ANSWER,      /* standing of an answer without addresses */
};

static inline bool match_is_of_list(enum match_kind kind)
{
	return kind == MATCH_LIST || kind == MATCH_CNAME_LIST || kind == MATCH_ANSWER_LIST;
}

struct verdict {
	uint8_t action; /* enum action */
	uint8_t stage;  /* enum stage */
	uint8_t match;  /* enum match_kind, when rule > 0 */
	uint16_t rule;  /* from 1, in the order of the configuration; 0: no rule matched */
	uint16_t list;  /* of match_is_of_list */
	uint16_t index; /* MATCH_CNAME, MATCH_CNAME_LIST, MATCH_ADDRESS */
	uint16_t
		paused; /* the rule that would have sinkholed, but for a pause: `rule`, or another; 0: none */
	const char *pattern;            /* MATCH_NAME, MATCH_CNAME; owned by the policy */
	const struct rule_reply *reply; /* when action is sinkhole; owned by the policy */
};

#endif
