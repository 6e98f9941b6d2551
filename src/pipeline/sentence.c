/* Renders the sentence of sentence.h, e.g.
 *
 *   sinkholed by rule 3 "coffee stays home": a.example.cn → 203.0.113.7 in CN (dbip 2026-06,
 *   geo-whois 2026-06 agree), run by AS37963 Alibaba (CN) */
#include "pipeline/sentence.h"

#include <stdio.h>
#include <string.h>

#include "pipeline/facts.h"
#include "pipeline/finish.h"
#include "pipeline/listed.h"

/* A bounded text that grows, and gets its NUL at the end (end_text). What does not fit is cut, and nothing comes behind a cut. No
 * printf: each sinkholed query has a sentence, and reading formats took more instructions than all else that is done for one. */
struct text {
	char *at;
	size_t length;
	bool full;
};

static void put_what_fits(struct text *text, const char *bytes)
{
	if (text->full)
		return;
	memcpy(text->at + text->length, bytes, SENTENCE_MAX - 1 - text->length);
	text->length = SENTENCE_MAX - 1;
	/* Cut before the last character, which may not be whole. */
	while (text->length && (text->at[text->length - 1] & 0xc0) == 0x80)
		text->length--;
	if (text->length)
		text->length--;
	text->full = true;
}

static inline void put_bytes(struct text *text, const char *bytes, size_t length)
{
	if (text->full || length > SENTENCE_MAX - 1 - text->length) {
		put_what_fits(text, bytes);
		return;
	}
	memcpy(text->at + text->length, bytes, length);
	text->length += length;
}

static inline void put(struct text *text, const char *string)
{
	put_bytes(text, string, strlen(string));
}

static size_t end_text(struct text *text)
{
	text->at[text->length] = '\0';
	return text->length;
}

static void put_number(struct text *text, size_t number)
{
	char digits[20];
	size_t at = sizeof digits;
	while (number > 9) {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	}
	digits[--at] = (char)('0' + number);
	put_bytes(text, digits + at, sizeof digits - at);
}

static void put_address(struct text *text, const struct addr *addr)
{
	char shown[ADDR_TEXT_MAX];
	addr_format(addr, shown);
	put(text, shown);
}

/* "1 of 3 addresses" */
static void put_share(struct text *text, size_t count, size_t all)
{
	put_number(text, count);
	put(text, " of ");
	put_number(text, all);
	put(text, " addresses ");
}

/* A name of so many bytes is never shortened, and so written where it is to stand. */
#define NAME_IN_PLACE_MAX 63

/* Shortened from the left when it is long: what is registered stands at the right. */
static void say_shortened(struct text *text, const char *name, size_t length)
{
	const size_t most = 255;
	if (length > most) {
		put(text, "…");
		name += length - most;
		length = most;
	}
	put_bytes(text, name, length);
}

static void say_name(struct text *text, const struct dns_name *name)
{
	char full[NAME_TEXT_MAX];
	if (name->length <= NAME_IN_PLACE_MAX &&
	    SENTENCE_MAX - text->length > NAME_TEXT_ROOM(NAME_IN_PLACE_MAX)) {
		text->length += dns_name_to_text(name, text->at + text->length);
		return;
	}
	size_t length = dns_name_to_text(name, full);
	say_shortened(text, full, length);
}

static const char *country_text(const struct country *country)
{
	return country_known(*country) ? country->code : "an unknown country";
}

static bool sources_agree(const struct geo *geo, const struct address_facts *facts, size_t *known)
{
	*known = 0;
	bool agree = true;
	for (size_t i = 0; i < geo_location_count(geo); i++) {
		if (!country_known(facts->locations[i]))
			continue;
		++*known;
		agree = agree && country_equal(facts->locations[i], facts->location);
	}
	return agree;
}

static void say_sources(struct text *text, const struct geo *geo, const struct address_facts *facts)
{
	size_t known;
	bool agree = sources_agree(geo, facts, &known);
	if (facts->special) {
		put(text, " (a special-use address)");
		return;
	}
	if (!known) {
		put(text, " (no database knows it)");
		return;
	}
	const char *between = " (";
	for (size_t i = 0; i < geo_location_count(geo); i++) {
		if (!country_known(facts->locations[i]))
			continue;
		put(text, between);
		put(text, geo_location_label(geo, i));
		if (!agree) {
			put(text, " says ");
			put(text, facts->locations[i].code);
		}
		between = ", ";
	}
	put(text, agree && known > 1 ? " agree)" : ")");
}

static void say_address(struct text *text, const struct snapshot *snapshot,
                        const struct answer_facts *facts, size_t index, bool strips)
{
	const struct address_facts *address = &facts->addresses[index];
	put(text, " → ");
	put_address(text, &address->address);
	put(text, " in ");
	put(text, country_text(&address->location));
	say_sources(text, snapshot->geo, address);
	if (address->anycast)
		put(text, ", anycast");
	if (address->asn) {
		put(text, ", run by AS");
		put_number(text, address->asn);
		put(text, " ");
		put(text, geo_organisation(snapshot->geo, address->asn));
		if (country_known(address->control)) {
			put(text, " (");
			put(text, address->control.code);
			put(text, ")");
		}
	}
	if (facts->address_count > 1 && !strips) {
		put(text, "; ");
		put_share(text, facts->overseas_count, facts->address_count);
		put(text, "overseas");
	}
}

#define STRIPPED_SHOWN_MAX 4 /* addresses; the others are counted */

static void say_more(struct text *text, size_t count)
{
	if (!count)
		return;
	put(text, " and ");
	put_number(text, count);
	put(text, " more");
}

/* Which addresses a rule takes out. */
static void say_stripped(struct text *text, const struct snapshot *snapshot,
                         const struct verdict *verdict, const struct answer_facts *facts)
{
	unsigned gone = 0;
	for (size_t i = 0; i < facts->address_count; i++)
		gone += policy_takes_address(snapshot->policy, verdict->rule, &facts->addresses[i]);
	put(text, "; ");
	put_share(text, gone, facts->address_count);
	put(text, "taken out: ");
	unsigned shown = 0;
	for (size_t i = 0; i < facts->address_count && shown < STRIPPED_SHOWN_MAX; i++) {
		if (!policy_takes_address(snapshot->policy, verdict->rule, &facts->addresses[i]))
			continue;
		put(text, shown++ ? ", " : "");
		put_address(text, &facts->addresses[i].address);
	}
	say_more(text, gone - shown);
}

static void say_on_list(struct text *text, const struct snapshot *snapshot,
                        const struct verdict *verdict)
{
	put(text, " is on list \"");
	put(text, lists_info(snapshot->lists, verdict->list)->name);
	put(text, "\"");
}

static void say_list(struct text *text, const struct snapshot *snapshot, const struct query *query,
                     const struct verdict *verdict, const struct answer *answer)
{
	struct list_found found;
	bool known = listed_find(snapshot, query, verdict, answer, &found);
	if (known && verdict->match == MATCH_ANSWER_LIST && found.address >= 0) {
		put(text, " → ");
		put_address(text, &answer->addresses[found.address]);
	}
	say_on_list(text, snapshot, verdict);
	if (!known)
		return;
	put(text, " (entry ");
	say_shortened(text, found.text, strlen(found.text));
	put(text, ")");
}

/* A list's entry that is the name or a tail of it. The name stands in front as text of so many bytes: where none had to be escaped, what
 * is asked for stands at its end. */
static void say_sole(struct text *text, const struct dns_name *name, size_t name_at,
                     const struct list_sole *sole)
{
	size_t skip = 0;
	for (unsigned i = name->labels; i > sole->labels; i--)
		skip += name->wire[skip] + 1u;
	const char *full = text->at + name_at;
	put(text, " (entry ");
	if (sole->below)
		put(text, "*.");
	put_bytes(text, full + skip, name->length - 2u - skip);
	put(text, ")");
}

static void say_pattern(struct text *text, const struct verdict *verdict)
{
	put(text, " matches ");
	put(text, verdict->pattern);
}

static void say_match(struct text *text, const struct snapshot *snapshot, const struct query *query,
                      const struct verdict *verdict, const struct answer *answer,
                      const struct answer_facts *facts)
{
	bool strips = verdict->reply && verdict->reply->kind == REPLY_STRIP;
	switch ((enum match_kind)verdict->match) {
	case MATCH_ALWAYS:
		put(text, " asked by ");
		put(text, query->device.name);
		break;
	case MATCH_NAME: say_pattern(text, verdict); break;
	case MATCH_LIST:
	case MATCH_ANSWER_LIST: say_list(text, snapshot, query, verdict, answer); break;
	case MATCH_CNAME_LIST:
		if (answer && verdict->index < answer->hop_count) {
			put(text, " → ");
			say_name(text, &answer->hops[verdict->index]);
			say_list(text, snapshot, query, verdict, answer);
		}
		break;
	case MATCH_CNAME:
		put(text, " → ");
		if (answer && verdict->index < answer->hop_count)
			say_name(text, &answer->hops[verdict->index]);
		say_pattern(text, verdict);
		break;
	case MATCH_ADDRESS:
		if (answer && answer->hop_count) {
			put(text, " → ");
			say_name(text, &answer->hops[answer->hop_count - 1]);
		}
		if (facts && verdict->index < facts->address_count)
			say_address(text, snapshot, facts, verdict->index, strips);
		if (facts && strips)
			say_stripped(text, snapshot, verdict, facts);
		break;
	case MATCH_ANSWER: put(text, " has no address"); break;
	}
}

/* "sinkholed by rule 3 \"coffee stays home\"" */
static void say_rule(struct text *text, const char *done, const struct snapshot *snapshot,
                     unsigned number)
{
	struct policy_rule_info rule;
	policy_rule_info(snapshot->policy, number, &rule);
	put(text, done);
	put(text, " by rule ");
	put_number(text, number);
	put(text, " \"");
	put_bytes(text, rule.name, rule.name_length);
	put(text, "\"");
}

size_t sentence_write(char out[SENTENCE_MAX], const struct snapshot *snapshot,
                      const struct query *query, const struct verdict *verdict,
                      const struct list_sole *sole, const struct answer *answer,
                      const struct answer_facts *facts)
{
	static const char *const done[] = {"allowed", "flagged", "sinkholed"};
	static const char paused[] = "paused, would have been sinkholed";
	struct text text = {out, 0, false};
	if (!verdict->rule) {
		put(&text, SENTENCE_NO_RULE);
		return end_text(&text);
	}
	bool suspended = verdict->paused == verdict->rule;
	say_rule(&text, suspended ? paused : done[verdict->action], snapshot, verdict->rule);
	put(&text, ": ");
	size_t name_at = text.length;
	const struct dns_name *name = &query->dns.name;
	say_name(&text, name);
	if (verdict->match == MATCH_LIST && sole->labels && !text.full &&
	    text.length - name_at + 2u == name->length) {
		say_on_list(&text, snapshot, verdict);
		say_sole(&text, name, name_at, sole);
	} else {
		say_match(&text, snapshot, query, verdict, answer, facts);
	}
	if (verdict->paused && !suspended) {
		put(&text, "; ");
		say_rule(&text, paused, snapshot, verdict->paused);
	}
	return end_text(&text);
}

/* Which addresses are taken out because they lead into the house. */
static void say_private(struct text *text, const struct query *query, const struct finish *finish)
{
	const struct answer *answer = facts_answer(query->pipeline, finish);
	unsigned shown = 0;
	put(text, "stripped against rebinding: ");
	say_name(text, &query->dns.name);
	put(text, " → ");
	for (size_t i = 0; i < answer->address_count && shown < STRIPPED_SHOWN_MAX; i++) {
		if (!rebinding_is_private(&answer->addresses[i]))
			continue;
		put(text, shown++ ? ", " : "");
		put_address(text, &answer->addresses[i]);
	}
	say_more(text, finish->private_count - shown);
	put(text, " inside the house, from ");
	put(text, cache_entry_upstream(query->pipeline->shared->cache, finish->entry));
	put(text, "; ");
	put_share(text, finish->private_count, answer->address_count);
	put(text, "taken out");
}

void sentence_add_house(char out[SENTENCE_MAX], const struct query *query,
                        const struct finish *finish)
{
	struct text text = {out, strlen(out), false};
	const char *between = text.length ? "; " : "";
	if (finish->local.kind != LOCAL_ELSEWHERE) {
		char house[LOCAL_SENTENCE_MAX];
		local_sentence(house, &finish->local, &query->dns.name);
		put(&text, between);
		put(&text, house);
		between = "; ";
	}
	if (finish->private_count) {
		put(&text, between);
		say_private(&text, query, finish);
	}
	end_text(&text);
}

void sentence_evidence(char out[RECORD_EVIDENCE_MAX], const struct geo *geo,
                       const struct address_facts *facts)
{
	static const char cut[] = ", …";
	size_t length = 0;
	out[0] = '\0';
	if (facts->special)
		snprintf(out, RECORD_EVIDENCE_MAX, "special-use address");
	for (size_t i = 0; i < geo_location_count(geo) && !facts->special; i++) {
		const char *code =
			country_known(facts->locations[i]) ? facts->locations[i].code : "unknown";
		int more = snprintf(out + length, RECORD_EVIDENCE_MAX - length, "%s%s %s", i ? ", " : "",
		                    geo_location_label(geo, i), code);
		if (more < 0 || (size_t)more >= RECORD_EVIDENCE_MAX - length) {
			/* Of many databases with long names only the first are told, and that there are more. */
			snprintf(out + length, RECORD_EVIDENCE_MAX - length, "%s",
			         length + sizeof cut <= RECORD_EVIDENCE_MAX ? cut : "");
			break;
		}
		length += (size_t)more;
	}
}
