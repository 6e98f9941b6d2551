/* Copies a rule out of the configuration (rule.h). */
#include "policy/rule.h"

#include <stdlib.h>
#include <string.h>

/* Copies `count` things; false without memory. */
static bool copy(void *out, const void *from, size_t count, size_t size)
{
	void *made = NULL;
	if (count) {
		made = calloc(count, size);
		if (!made)
			return false;
		memcpy(made, from, count * size);
	}
	memcpy(out, &made, sizeof made);
	return true;
}

static bool copy_countries(struct countries *out, const struct config_countries *from)
{
	out->given = from->given;
	out->negated = from->negated;
	out->count = from->count;
	return copy(&out->codes, from->codes, from->count, sizeof *from->codes);
}

static enum stage stage_of(const struct config_rule *rule)
{
	bool asks_answer = rule->standing != STANDING_NONE || rule->confidence != CONFIDENCE_NONE ||
	                   rule->location.given || rule->control.given || rule->asn_count ||
	                   rule->address_count || rule->cname_count;
	return asks_answer ? STAGE_ANSWERS : STAGE_NAMES;
}

static bool copy_arrays(struct rule *rule, const struct config_rule *from)
{
	rule->types_negated = from->types_negated;
	rule->asns_negated = from->asns_negated;
	rule->prefixes_negated = from->addresses_negated;
	rule->type_count = from->type_count;
	rule->asn_count = from->asn_count;
	rule->prefix_count = from->address_count;
	bool whole = copy(&rule->types, from->types, from->type_count, sizeof *from->types);
	whole &= copy(&rule->asns, from->asns, from->asn_count, sizeof *from->asns);
	whole &= copy(&rule->prefixes, from->addresses, from->address_count, sizeof *from->addresses);
	whole &= copy_countries(&rule->location, &from->location);
	whole &= copy_countries(&rule->control, &from->control);
	return whole;
}

int policy_rule_init(struct rule *rule, const struct config_rule *from, uint16_t number,
                     struct schedule_zones *zones, const char *file, struct diag *diag)
{
	memset(rule, 0, sizeof *rule);
	rule->number = number;
	rule->stage = stage_of(from);
	rule->added = from->added;
	rule->action = from->action;
	rule->tags = from->tags ? from->tags : tag_bit(TAG_ALL);
	rule->tags_all = from->tags_all;
	rule->tags_none = from->tags_none;
	rule->lists_given = from->lists_given;
	rule->lists = from->lists;
	rule->not_lists = from->not_lists;
	rule->standing = from->standing;
	rule->confidence = from->confidence;
	rule->reply = from->reply;
	rule->match_all = from->match_all;
	bool asks_name = rule->lists_given || (from->action == ACTION_ALLOW && from->name_count);
	rule->follows = rule->stage == STAGE_NAMES && asks_name && !from->follow_off;
	rule->name = strdup(from->name);
	if (!rule->name || !copy_arrays(rule, from))
		return PF_ENOMEM;
	rule->name_length = strlen(rule->name);
	/* All of them, so that the errors of all are told. */
	int names = patterns_init(&rule->names, from->names, from->name_count, file, diag);
	int not_names =
		patterns_init(&rule->not_names, from->not_names, from->not_name_count, file, diag);
	int cnames = patterns_init(&rule->cnames, from->cnames, from->cname_count, file, diag);
	int during =
		from->during ? schedule_new(from->during, zones, file, diag, &rule->during) : PF_OK;
	if (names != PF_OK)
		return names;
	if (not_names != PF_OK)
		return not_names;
	return cnames != PF_OK ? cnames : during;
}

void policy_rule_deinit(struct rule *rule)
{
	free(rule->name);
	free(rule->during);
	free(rule->types);
	free(rule->asns);
	free(rule->prefixes);
	free(rule->location.codes);
	free(rule->control.codes);
	patterns_deinit(&rule->names);
	patterns_deinit(&rule->not_names);
	patterns_deinit(&rule->cnames);
}
