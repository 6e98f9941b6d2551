/* What the lists say to a question and to its answer. The tables hand out what covers a name or an address; here
 * stands which of it holds for who asks, and what it is worth against the exceptions of the same list. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lists/records.h"
#include "lists/state.h"
#include "match/regex.h"

struct regex_scratch *lists_scratch_new(const struct lists *lists)
{
	return list_patterns_scratch(lists->tables.patterns);
}

void lists_scratch_free(struct regex_scratch **scratch)
{
	regex_scratch_free(scratch);
}

bool lists_look_at_answers(const struct lists *lists)
{
	return list_set_any(&lists->tables.by_answer);
}

bool lists_look_at_servers(const struct lists *lists)
{
	return list_set_any(&lists->tables.by_server) ||
	       list_prefixes_count(lists->tables.networks[TRIGGER_NS_ADDRESS]) > 0;
}

bool lists_have_replies(const struct lists *lists, size_t list)
{
	return list_set_has(&lists->tables.replying, list);
}

/* ---- conditions ---------------------------------------------------------------------------- */

static bool type_holds(const struct list_detail *detail, uint16_t type)
{
	bool asked = false, found = false;
	for (size_t i = 0; i < detail->type_count; i++) {
		bool same = detail->types[i].type == type;
		if (same && detail->types[i].negated)
			return false;
		asked |= !detail->types[i].negated;
		found |= same;
	}
	return found || !asked;
}

static bool is_client(const struct list_client *client, const struct list_asked *asked)
{
	if (client->by_address)
		return asked->client && prefix_contains(&client->prefix, asked->client);
	return asked->device && !strcasecmp(client->name, asked->device->name);
}

static bool client_holds(const struct list_detail *detail, const struct list_asked *asked)
{
	bool wanted = false, found = false;
	for (size_t i = 0; i < detail->client_count; i++) {
		bool same = is_client(&detail->clients[i], asked);
		if (same && detail->clients[i].negated)
			return false;
		wanted |= !detail->clients[i].negated;
		found |= same;
	}
	return found || !wanted;
}

static bool holds(const struct list_detail *detail, const struct list_asked *asked)
{
	tag_set tags = asked->device ? asked->device->tags : 0;
	if (!type_holds(detail, asked->type) || !client_holds(detail, asked))
		return false;
	if ((detail->tags_asked && !(detail->tags & tags)) || detail->not_tags & tags)
		return false;
	for (size_t i = 0; i < detail->spared_count; i++)
		if (dns_name_is_under(asked->name, &detail->spared[i]))
			return false;
	return true;
}

/* ---- what is worth what -------------------------------------------------------------------- */

/* The lists that a match holds, and those that it excepts. */
struct outcome {
	struct list_set held, excepted;
};

static const struct list_detail *detail_of(const struct lists *lists, const struct list_hit *hit)
{
	static const struct list_detail plain;
	return hit->detail ? list_details_get(lists->tables.details, hit->detail) : &plain;
}

/* Is there an entry of the same list that is nearer to the name? */
static bool is_outdone(const struct lists *lists, const struct list_match *match,
                       const struct list_hit *exception, const struct list_asked *asked)
{
	for (unsigned i = 0; i < match->hit_count; i++) {
		const struct list_hit *hit = &match->hits[i];
		if (hit->list == exception->list && hit->labels > exception->labels &&
		    !(hit->covers & LIST_EXCEPTION) && holds(detail_of(lists, hit), asked))
			return true;
	}
	return false;
}

/* A plain entry is held unless excepted; `$important` counts against exceptions that are not important. */
static void weigh(const struct lists *lists, const struct list_match *match,
                  const struct list_asked *asked, struct outcome *outcome)
{
	struct list_set strong = {{0}}, strong_excepted = {{0}};
	outcome->held = match->held;
	outcome->excepted = match->excepted;
	for (unsigned i = 0; i < match->hit_count; i++) {
		const struct list_hit *hit = &match->hits[i];
		const struct list_detail *detail = detail_of(lists, hit);
		bool exception = hit->covers & LIST_EXCEPTION;
		if (!holds(detail, asked) ||
		    (exception && detail->nearest && is_outdone(lists, match, hit, asked)))
			continue;
		list_set_add(exception ? &outcome->excepted : &outcome->held, hit->list);
		if (detail->important)
			list_set_add(exception ? &strong_excepted : &strong, hit->list);
	}
	for (size_t i = 0; i < PF_COUNT(strong.words); i++) {
		strong.words[i] &= ~strong_excepted.words[i];
		outcome->excepted.words[i] &= ~strong.words[i];
		outcome->held.words[i] &= ~outcome->excepted.words[i];
	}
}

/* What one trigger says counts only for lists about which those before it said nothing. */
static void settle(const struct outcome *outcome, struct list_set *held, struct list_set *settled)
{
	for (size_t i = 0; i < PF_COUNT(held->words); i++) {
		held->words[i] |= outcome->held.words[i] & ~settled->words[i];
		settled->words[i] |= outcome->held.words[i] | outcome->excepted.words[i];
	}
}

/* ---- gathering ----------------------------------------------------------------------------- */

static void add_hit(struct list_match *match, const struct list_hit *hit)
{
	if (!hit->detail) {
		bool exception = hit->covers & LIST_EXCEPTION;
		list_set_add(exception ? &match->excepted : &match->held, hit->list);
		match->any_excepted |= exception;
	} else if (match->hit_count < LIST_HITS_MAX) {
		match->hits[match->hit_count++] = *hit;
	} else {
		match->hits_cut = true;
	}
}

static void take_pattern(void *data, const struct list_hit *hit, size_t place)
{
	(void)place;
	add_hit(data, hit);
}

static void take_network(void *data, const struct list_hit *hit, const struct prefix *prefix)
{
	(void)prefix;
	add_hit(data, hit);
}

static void match_init(struct list_match *match)
{
	memset(&match->held, 0, sizeof match->held);
	memset(&match->excepted, 0, sizeof match->excepted);
	match->any_excepted = match->hits_cut = false;
	match->hit_count = 0;
}

static void match_networks(const struct lists *lists, enum list_trigger trigger,
                           const struct addr *addresses, size_t count, struct list_match *match)
{
	match_init(match);
	for (size_t i = 0; i < count; i++)
		list_prefixes_match(lists->tables.networks[trigger], &addresses[i], take_network, match);
}

/* ---- one entry ----------------------------------------------------------------------------- */

/* The best entry of one list so far. */
struct best {
	const struct lists *lists;
	const struct list_asked *asked;
	uint16_t list;
	struct list_match match; /* all of this list, so that exceptions can be weighed */
	bool any;
	struct list_hit hit;
	uint8_t covers;        /* what of the entry counted: the name itself, or what is below */
	struct line_item item; /* the entry as a line's item, for its text and identity */
	int address;           /* the address that is looked at */
	int best_address;
};

static bool reply_fits(const struct list_detail *detail, uint16_t type)
{
	return detail->has_reply && records_fit(&detail->reply, type);
}

/* Important before not, near before far, an entry that has what is asked for before one that has not. */
static bool is_better(const struct best *best, const struct list_hit *hit)
{
	if (!best->any)
		return true;
	const struct list_detail *now = detail_of(best->lists, &best->hit),
							 *other = detail_of(best->lists, hit);
	if (now->important != other->important)
		return other->important;
	if (best->hit.labels != hit->labels)
		return hit->labels > best->hit.labels;
	return reply_fits(other, best->asked->type) && !reply_fits(now, best->asked->type);
}

/* Whether it became the best. */
static bool offer(struct best *best, const struct list_hit *hit)
{
	if (hit->list != best->list)
		return false;
	add_hit(&best->match, hit);
	if (hit->covers & LIST_EXCEPTION || !holds(detail_of(best->lists, hit), best->asked) ||
	    !is_better(best, hit))
		return false;
	best->any = true;
	best->hit = *hit;
	best->item.covers = hit->covers;
	best->best_address = best->address;
	return true;
}

static void take_tail(const struct dns_name *name, unsigned labels, struct dns_name *tail)
{
	size_t at = 0;
	for (unsigned i = name->labels; i > labels; i--)
		at += name->wire[at] + 1u;
	tail->labels = (uint8_t)labels;
	tail->length = (uint8_t)(name->length - at);
	memcpy(tail->wire, name->wire + at, tail->length);
}

static void offer_names(struct best *best, const struct dns_name *name, enum list_trigger trigger)
{
	struct list_hit hits[LIST_HITS_MAX];
	struct dns_name marked;
	if (trigger == TRIGGER_NS_NAME) {
		if (!list_server_name(name, &marked))
			return;
		name = &marked;
	}
	size_t count = list_index_find(best->lists->tables.index, best->list, name, hits);
	for (size_t i = 0; i < count; i++) {
		if (!offer(best, &hits[i]))
			continue;
		best->item.kind = ITEM_NAME;
		best->item.trigger = trigger;
		best->covers = hits[i].labels == name->labels ? LIST_COVERS_SELF : LIST_COVERS_BELOW;
		take_tail(name, hits[i].labels, &best->item.name);
		if (trigger != TRIGGER_NS_NAME)
			continue;
		struct dns_name *tail = &best->item.name; /* without the mark of tables.c */
		tail->length = (uint8_t)(tail->length - 3);
		tail->wire[tail->length - 1] = 0;
		tail->labels--;
	}
}

static void offer_pattern(void *data, const struct list_hit *hit, size_t place)
{
	struct best *best = data;
	if (!offer(best, hit))
		return;
	best->item.kind = ITEM_PATTERN;
	best->item.trigger = TRIGGER_NAME;
	best->item.regex = list_patterns_text(best->lists->tables.patterns, place);
}

static void offer_network(void *data, const struct list_hit *hit, const struct prefix *prefix)
{
	struct best *best = data;
	if (!offer(best, hit))
		return;
	best->item.kind = ITEM_NETWORK;
	best->item.prefix = *prefix;
}

static void offer_networks(struct best *best, enum list_trigger trigger,
                           const struct addr *addresses, size_t count)
{
	best->item.trigger = trigger;
	for (size_t i = 0; i < count; i++) {
		best->address = trigger == TRIGGER_ADDRESS ? (int)i : -1;
		list_prefixes_match(best->lists->tables.networks[trigger], &addresses[i], offer_network,
		                    best);
	}
}

/* Fills `best` with what one trigger says about the list. Returns 1 when it holds it, -1 when it excepts it, 0
 * when it says nothing. */
static int ask(struct best *best, enum list_trigger trigger, struct regex_scratch *scratch,
               const struct list_answer *answer)
{
	const struct list_asked *asked = best->asked;
	struct outcome outcome;
	match_init(&best->match);
	best->any = false;
	best->address = -1;
	switch (trigger) {
	case TRIGGER_CLIENT:
		if (asked->client && list_set_has(&best->lists->tables.by_client, best->list))
			offer_networks(best, trigger, asked->client, 1);
		break;
	case TRIGGER_NAME:
		offer_names(best, asked->name, trigger);
		if (scratch)
			list_patterns_match(best->lists->tables.patterns, scratch, asked->name, offer_pattern,
			                    best);
		break;
	case TRIGGER_ADDRESS:
		offer_networks(best, trigger, answer->addresses, answer->address_count);
		break;
	case TRIGGER_NS_NAME:
		for (size_t i = 0; i < answer->server_count; i++)
			offer_names(best, &answer->servers[i], trigger);
		break;
	default:
		offer_networks(best, trigger, answer->server_addresses, answer->server_address_count);
		break;
	}
	if (!best->match.hit_count && !best->match.any_excepted) /* nearly always */
		return list_set_has(&best->match.held, best->list) && best->any;
	weigh(best->lists, &best->match, asked, &outcome);
	if (list_set_has(&outcome.held, best->list))
		return best->any;
	return list_set_has(&outcome.excepted, best->list) ? -1 : 0;
}

/* ---- all lists ----------------------------------------------------------------------------- */

/* What a trigger says to each list, asked one by one: for the rare name or address of which more is written than a match has room for.
 * It takes a look-up for each list, but no list is passed over. */
static void weigh_each(const struct lists *lists, enum list_trigger trigger,
                       struct regex_scratch *scratch, const struct list_asked *asked,
                       const struct list_answer *answer, struct outcome *outcome)
{
	struct best best;
	memset(outcome, 0, sizeof *outcome);
	best.lists = lists;
	best.asked = asked;
	for (size_t list = 0; list < lists->count; list++) {
		best.list = (uint16_t)list;
		int says = ask(&best, trigger, scratch, answer);
		if (says)
			list_set_add(says > 0 ? &outcome->held : &outcome->excepted, list);
	}
}

static void weigh_all(const struct lists *lists, enum list_trigger trigger,
                      struct regex_scratch *scratch, const struct list_asked *asked,
                      const struct list_answer *answer, const struct list_match *match,
                      struct outcome *outcome)
{
	if (match->hits_cut)
		weigh_each(lists, trigger, scratch, asked, answer, outcome);
	else
		weigh(lists, match, asked, outcome);
}

/* ---- the question -------------------------------------------------------------------------- */

static void ask_client(const struct lists *lists, struct regex_scratch *scratch,
                       const struct list_asked *asked, struct list_set *held,
                       struct list_set *settled)
{
	struct list_match match;
	struct outcome outcome;
	match_networks(lists, TRIGGER_CLIENT, asked->client, 1, &match);
	weigh_all(lists, TRIGGER_CLIENT, scratch, asked, NULL, &match, &outcome);
	settle(&outcome, held, settled);
}

/* Returns whether the name alone decided. */
static bool match_question(const struct lists *lists, struct regex_scratch *scratch,
                           const struct list_asked *asked, struct list_set *held,
                           struct list_set *settled)
{
	const struct list_tables *tables = &lists->tables;
	struct list_match match;
	struct outcome outcome;
	bool by_client = list_set_any(&tables->by_client);
	list_index_match(tables->index, asked->name, &match);
	if (scratch)
		list_patterns_match(tables->patterns, scratch, asked->name, take_pattern, &match);
	if (!match.hit_count && !match.any_excepted && !by_client) { /* nearly always */
		*held = *settled = match.held;
		return true;
	}
	memset(held, 0, sizeof *held);
	memset(settled, 0, sizeof *settled);
	if (by_client && asked->client)
		ask_client(lists, scratch, asked, held, settled);
	weigh_all(lists, TRIGGER_NAME, scratch, asked, NULL, &match, &outcome);
	settle(&outcome, held, settled);
	return false;
}

/* By itself: room for a whole match is made for nothing nearly always. */
static __attribute__((noinline)) bool match_all(const struct lists *lists,
                                                struct regex_scratch *scratch,
                                                const struct list_asked *asked,
                                                struct list_set *set)
{
	struct list_set settled;
	return match_question(lists, scratch, asked, set, &settled);
}

void lists_expect(const struct lists *lists, const struct dns_name *name, struct list_tails *tails)
{
	list_index_expect_name(lists->tables.index, name, tails);
}

bool lists_match_expected(const struct lists *lists, struct regex_scratch *scratch,
                          const struct list_asked *asked, const struct list_tails *tails,
                          struct list_set *set, struct list_sole *sole)
{
	if (!scratch && !list_set_any(&lists->tables.by_client) &&
	    list_index_match_plain(lists->tables.index, asked->name, tails, set, sole))
		return true;
	sole->labels = 0;
	return match_all(lists, scratch, asked, set);
}

bool lists_match(const struct lists *lists, struct regex_scratch *scratch,
                 const struct list_asked *asked, struct list_set *set)
{
	struct list_sole ignored;
	return lists_match_expected(lists, scratch, asked, NULL, set, &ignored);
}

/* ---- the answer ---------------------------------------------------------------------------- */

static void match_servers(const struct lists *lists, const struct list_answer *answer,
                          struct list_match *match)
{
	match_init(match);
	for (size_t i = 0; i < answer->server_count; i++) {
		struct dns_name marked;
		struct list_match one;
		if (!list_server_name(&answer->servers[i], &marked))
			continue;
		list_index_match(lists->tables.index, &marked, &one);
		for (size_t w = 0; w < PF_COUNT(one.held.words); w++) {
			match->held.words[w] |= one.held.words[w];
			match->excepted.words[w] |= one.excepted.words[w];
		}
		for (unsigned h = 0; h < one.hit_count; h++)
			add_hit(match, &one.hits[h]);
		match->hits_cut |= one.hits_cut;
	}
}

static void match_trigger(const struct lists *lists, enum list_trigger trigger,
                          const struct list_answer *answer, struct list_match *match)
{
	switch (trigger) {
	case TRIGGER_ADDRESS:
		match_networks(lists, trigger, answer->addresses, answer->address_count, match);
		break;
	case TRIGGER_NS_ADDRESS:
		match_networks(lists, trigger, answer->server_addresses, answer->server_address_count,
		               match);
		break;
	default: match_servers(lists, answer, match); break;
	}
}

static const enum list_trigger answer_triggers[] = {TRIGGER_ADDRESS, TRIGGER_NS_NAME,
                                                    TRIGGER_NS_ADDRESS};

void lists_match_answer(const struct lists *lists, struct regex_scratch *scratch,
                        const struct list_asked *asked, const struct list_answer *answer,
                        struct list_set *set)
{
	struct list_set by_name, settled;
	memset(set, 0, sizeof *set);
	if (!lists_look_at_answers(lists))
		return;
	match_question(lists, scratch, asked, &by_name, &settled);
	for (size_t i = 0; i < PF_COUNT(answer_triggers); i++) {
		struct list_match match;
		struct outcome outcome;
		match_trigger(lists, answer_triggers[i], answer, &match);
		weigh_all(lists, answer_triggers[i], scratch, asked, answer, &match, &outcome);
		settle(&outcome, set, &settled);
	}
}

/* ---- one entry as a person sees it --------------------------------------------------------- */

/* On the packet path: whatever is sinkholed by a list is told with its entry. */
static void write_text(const struct line_item *item, char text[LIST_ENTRY_TEXT_MAX])
{
	static const char *const before[TRIGGER_COUNT] = {
		"", "client ", "", "name server ", "name server ",
	};
	char *end = stpcpy(text, item->kind == ITEM_PATTERN ? "" : before[item->trigger]);
	switch (item->kind) {
	case ITEM_NAME:
		if (!(item->covers & LIST_COVERS_SELF))
			end = stpcpy(end, "*.");
		dns_name_to_text(&item->name, end);
		break;
	case ITEM_PATTERN: snprintf(text, LIST_ENTRY_TEXT_MAX, "/%.1000s/", item->regex); break;
	default: prefix_format(&item->prefix, end); break;
	}
}

/* What the entry wants to be replied, with what others of the same name and list add to it: several lines for one name, each with
 * an address, are one answer. */
static const struct rule_reply *reply_of(const struct best *best, const struct list_detail *detail,
                                         struct list_reply *merged)
{
	if (!detail->has_reply || detail->reply.kind != REPLY_RECORDS ||
	    best->item.trigger != TRIGGER_NAME)
		return detail->has_reply ? &detail->reply : NULL;
	bool any = false;
	for (unsigned i = 0; i < best->match.hit_count; i++) {
		const struct list_hit *hit = &best->match.hits[i];
		const struct list_detail *other = detail_of(best->lists, hit);
		if (other == detail || hit->labels != best->hit.labels || hit->covers & LIST_EXCEPTION ||
		    other->important != detail->important || !other->has_reply ||
		    other->reply.kind != REPLY_RECORDS || !holds(other, best->asked))
			continue;
		if (!any)
			records_begin(merged, &detail->reply);
		any = true;
		records_add(merged, &other->reply, best->asked->type);
	}
	return any ? &merged->reply : &detail->reply;
}

/* Fills `best` with the entry; false when the list holds neither the question nor its answer. */
static bool find_best(const struct lists *lists, struct regex_scratch *scratch, size_t list,
                      const struct list_asked *asked, const struct list_answer *answer,
                      struct best *best, bool *by_answer)
{
	static const enum list_trigger order[] = {TRIGGER_CLIENT, TRIGGER_NAME, TRIGGER_ADDRESS,
	                                          TRIGGER_NS_NAME, TRIGGER_NS_ADDRESS};
	best->lists = lists;
	best->asked = asked;
	best->list = (uint16_t)list;
	best->covers = 0;
	size_t count = answer ? PF_COUNT(order) : 2;
	int says = 0;
	size_t at = 0;
	for (; at < count && !says; at++)
		says = ask(best, order[at], scratch, answer);
	*by_answer = at > 2;
	return says > 0;
}

bool lists_find(const struct lists *lists, struct regex_scratch *scratch, size_t list,
                const struct list_asked *asked, const struct list_answer *answer,
                struct list_found *found)
{
	struct best best;
	if (!find_best(lists, scratch, list, asked, answer, &best, &found->by_answer))
		return false;
	found->reply = reply_of(&best, detail_of(lists, &best.hit), &found->merged);
	found->address = best.best_address;
	write_text(&best.item, found->text);
	return true;
}

bool lists_identify(const struct lists *lists, struct regex_scratch *scratch, size_t list,
                    const struct list_asked *asked, const struct list_answer *answer,
                    struct list_identity *identity)
{
	struct best best;
	bool by_answer;
	if (!find_best(lists, scratch, list, asked, answer, &best, &by_answer))
		return false;
	identity->entry = list_entry_identity(&lists->tables, &best.item, best.hit.detail);
	identity->covers = best.covers;
	return true;
}
