/* What people change: tags and names of devices, and rules; and what a change of the rules would have done. */
#include "admin/routes_changes.h"

#include <stdlib.h>
#include <string.h>

#include "report/tagged.h"

#define SIMULATE_SINCE_US (INT64_C(30) * 86400 * 1000000) /* when nobody says since when */
#define PLACE_MAX 100000 /* of a rule; beyond the last it is the last */

/* ---- devices ----------------------------------------------------------------------------- */

static void change_tags(struct routes_context *context, const struct params *params, bool untag,
                        struct routes_answer *answer)
{
	const char *device = params_get(params, "device"), *tags = params_get(params, "tags");
	if (!device || !*device || !tags || !*tags)
		routes_fail(answer, 400, "Give a \"device\" and its \"tags\", divided by commas.");
	else
		answer->body =
			context->ops.tag(context->ops.data, device, tags, untag, &answer->http, answer->error);
}

void post_tag(struct routes_context *context, const struct params *params,
              struct routes_answer *answer)
{
	change_tags(context, params, false, answer);
}

void post_untag(struct routes_context *context, const struct params *params,
                struct routes_answer *answer)
{
	change_tags(context, params, true, answer);
}

/* A name of "" takes the one away that people gave. */
void post_name(struct routes_context *context, const struct params *params,
               struct routes_answer *answer)
{
	const char *device = params_get(params, "device"), *name = params_get(params, "name");
	if (!device || !*device || !name)
		routes_fail(answer, 400, "Give a \"device\" and its \"name\".");
	else
		answer->body =
			context->ops.name_device(context->ops.data, device, name, &answer->http, answer->error);
}

/* ---- rules ------------------------------------------------------------------------------- */

/* What is not asked for is NULL or 0. */
static bool read_change(const struct params *params, const char *rule, const char *instead,
                        struct admin_rule_change *change, struct routes_answer *answer)
{
	const char *place = params_get(params, "place");
	char *end = NULL;
	long number = place ? strtol(place, &end, 10) : 0;
	*change = (struct admin_rule_change){rule, instead, number};
	if (!place || (*place >= '0' && *place <= '9' && !*end && number > 0 && number <= PLACE_MAX))
		return true;
	routes_fail(answer, 400, "The \"place\" of a rule counts from 1, among those that were added.");
	return false;
}

static void change_rules(struct routes_context *context, const struct params *params,
                         const char *rule, const char *instead, struct routes_answer *answer)
{
	struct admin_rule_change change;
	if (rule && !*rule)
		routes_fail(answer, 400, "Give the \"rule\", written as in the configuration.");
	else if (instead && !*instead)
		routes_fail(answer, 400, "Give the \"name\" of a rule that was added.");
	else if (read_change(params, rule, instead, &change, answer))
		answer->body =
			context->ops.change_rules(context->ops.data, &change, &answer->http, answer->error);
}

static const char *text_of(const struct params *params, const char *name)
{
	const char *text = params_get(params, name);
	return text ? text : "";
}

void post_add_rule(struct routes_context *context, const struct params *params,
                   struct routes_answer *answer)
{
	change_rules(context, params, text_of(params, "rule"), NULL, answer);
}

void post_replace_rule(struct routes_context *context, const struct params *params,
                       struct routes_answer *answer)
{
	change_rules(context, params, text_of(params, "rule"), text_of(params, "name"), answer);
}

void post_move_rule(struct routes_context *context, const struct params *params,
                    struct routes_answer *answer)
{
	if (params_get(params, "place"))
		change_rules(context, params, NULL, text_of(params, "name"), answer);
	else
		routes_fail(answer, 400, "Give the \"place\" that the rule moves to.");
}

void post_remove_rule(struct routes_context *context, const struct params *params,
                      struct routes_answer *answer)
{
	change_rules(context, params, NULL, text_of(params, "name"), answer);
}

/* Only raw queries can be decided anew, and a report's time is what most people want of them. */
void post_simulate(struct routes_context *context, const struct params *params,
                   struct routes_answer *answer)
{
	struct store_filter filter;
	struct tagged tagged = {0};
	struct admin_rule_change change;
	const char *add = params_get(params, "add"), *instead = params_get(params, "instead");
	if (!read_change(params, add, instead, &change, answer))
		return;
	if (!add && !instead && !params->body_length)
		routes_fail(answer, 400,
		            "The body is to hold the rules, as in the configuration: {\"rules\": [...]}.");
	else if (!context->journal_path)
		routes_fail(answer, 409, ROUTES_NO_JOURNAL);
	else if (routes_read_filter(context, params, &filter, &tagged, answer)) {
		if (!filter.since_wall_us)
			filter.since_wall_us = clock_now().wall_us - SIMULATE_SINCE_US;
		answer->body =
			add || instead
				? context->ops.simulate_change(context->ops.data, &change, &filter, &answer->http,
		                                       answer->error)
				: context->ops.simulate(context->ops.data, params->body, params->body_length,
		                                &filter, &answer->http, answer->error);
	}
	tagged_deinit(&tagged);
}
