/* Renders the sentence of sentence.h, e.g.
 *
 *   sinkholed by rule 3 "coffee stays home": a.example.cn → 203.0.113.7 in CN (dbip 2026-06,
 *   geo-whois 2026-06 agree), run by AS37963 Alibaba (CN) */
#include "pipeline/sentence.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/finish.h"
#include "pipeline/listed.h"

/* Appends to a bounded text; what does not fit is cut. */
struct text {
	char *at;
	size_t length;
};

static void say(struct text *text, const char *format, ...) PF_PRINTF(2, 3);

static void say(struct text *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text->at + text->length, SENTENCE_MAX - text->length, format, arguments);
	va_end(arguments);
	if (length > 0)
		text->length += (size_t)length;
	if (text->length < SENTENCE_MAX)
		return;
	/* Cut before the last character, which may not be whole. */
	text->length = SENTENCE_MAX - 1;
	while (text->length && (text->at[text->length - 1] & 0xc0) == 0x80)
		text->length--;
	if (text->length)
		text->length--;
	text->at[text->length] = '\0';
}

/* Shortened from the left when it is long: what is registered stands at the right. */
static void say_shortened(struct text *text, const char *name, size_t length)
{
	const size_t most = 255;
	if (length > most)
		say(text, "…%s", name + length - most);
	else
		say(text, "%s", name);
}

static void say_name(struct text *text, const struct dns_name *name)
{
	char full[NAME_TEXT_MAX];
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
		say(text, " (a special-use address)");
		return;
	}
	if (!known) {
		say(text, " (no database knows it)");
		return;
	}
	const char *between = " (";
	for (size_t i = 0; i < geo_location_count(geo); i++) {
		if (!country_known(facts->locations[i]))
			continue;
		say(text, "%s%s", between, geo_location_label(geo, i));
		if (!agree)
			say(text, " says %s", facts->locations[i].code);
		between = ", ";
	}
	say(text, agree && known > 1 ? " agree)" : ")");
}

static void say_address(struct text *text, const struct snapshot *snapshot,
                        const struct answer_facts *facts, size_t index, bool strips)
{
	const struct address_facts *address = &facts->addresses[index];
	char shown[ADDR_TEXT_MAX];
	addr_format(&address->address, shown);
	say(text, " → %s in %s", shown, country_text(&address->location));
	say_sources(text, snapshot->geo, address);
	if (address->anycast)
		say(text, ", anycast");
	if (address->asn) {
		say(text, ", run by AS%u %s", address->asn, geo_organisation(snapshot->geo, address->asn));
		if (country_known(address->control))
			say(text, " (%s)", address->control.code);
	}
	if (facts->address_count > 1 && !strips)
		say(text, "; %u of %u addresses overseas", facts->overseas_count, facts->address_count);
}

#define STRIPPED_SHOWN_MAX 4 /* addresses; the others are counted */

/* Which addresses a rule takes out. */
static void say_stripped(struct text *text, const struct snapshot *snapshot,
                         const struct verdict *verdict, const struct answer_facts *facts)
{
	unsigned gone = 0;
	for (size_t i = 0; i < facts->address_count; i++)
		gone += policy_takes_address(snapshot->policy, verdict->rule, &facts->addresses[i]);
	say(text, "; %u of %u addresses taken out: ", gone, facts->address_count);
	unsigned shown = 0;
	for (size_t i = 0; i < facts->address_count && shown < STRIPPED_SHOWN_MAX; i++) {
		char address[ADDR_TEXT_MAX];
		if (!policy_takes_address(snapshot->policy, verdict->rule, &facts->addresses[i]))
			continue;
		addr_format(&facts->addresses[i].address, address);
		say(text, "%s%s", shown++ ? ", " : "", address);
	}
	if (gone > shown)
		say(text, " and %u more", gone - shown);
}

static void say_list(struct text *text, const struct snapshot *snapshot, const struct query *query,
                     const struct verdict *verdict, const struct answer *answer)
{
	struct list_found found;
	bool known = listed_find(snapshot, query, verdict, answer, &found);
	if (known && verdict->match == MATCH_ANSWER_LIST && found.address >= 0) {
		char address[ADDR_TEXT_MAX];
		addr_format(&answer->addresses[found.address], address);
		say(text, " → %s", address);
	}
	say(text, " is on list \"%s\"", lists_info(snapshot->lists, verdict->list)->name);
	if (!known)
		return;
	say(text, " (entry ");
	say_shortened(text, found.text, strlen(found.text));
	say(text, ")");
}

static void say_match(struct text *text, const struct snapshot *snapshot, const struct query *query,
                      const struct verdict *verdict, const struct answer *answer,
                      const struct answer_facts *facts)
{
	bool strips = verdict->reply && verdict->reply->kind == REPLY_STRIP;
	switch ((enum match_kind)verdict->match) {
	case MATCH_ALWAYS: say(text, " asked by %s", query->device.name); break;
	case MATCH_NAME: say(text, " matches %s", verdict->pattern); break;
	case MATCH_LIST:
	case MATCH_ANSWER_LIST: say_list(text, snapshot, query, verdict, answer); break;
	case MATCH_CNAME_LIST:
		if (answer && verdict->index < answer->hop_count) {
			say(text, " → ");
			say_name(text, &answer->hops[verdict->index]);
			say_list(text, snapshot, query, verdict, answer);
		}
		break;
	case MATCH_CNAME:
		say(text, " → ");
		if (answer && verdict->index < answer->hop_count)
			say_name(text, &answer->hops[verdict->index]);
		say(text, " matches %s", verdict->pattern);
		break;
	case MATCH_ADDRESS:
		if (answer && answer->hop_count) {
			say(text, " → ");
			say_name(text, &answer->hops[answer->hop_count - 1]);
		}
		if (facts && verdict->index < facts->address_count)
			say_address(text, snapshot, facts, verdict->index, strips);
		if (facts && strips)
			say_stripped(text, snapshot, verdict, facts);
		break;
	case MATCH_ANSWER: say(text, " has no address"); break;
	}
}

size_t sentence_write(char out[SENTENCE_MAX], const struct snapshot *snapshot,
                      const struct query *query, const struct verdict *verdict,
                      const struct answer *answer, const struct answer_facts *facts)
{
	static const char *const done[] = {"allowed", "flagged", "sinkholed"};
	static const char paused[] = "paused, would have been sinkholed";
	struct text text = {out, 0};
	if (!verdict->rule) {
		say(&text, SENTENCE_NO_RULE);
		return text.length;
	}
	struct policy_rule_info rule;
	policy_rule_info(snapshot->policy, verdict->rule, &rule);
	bool suspended = verdict->paused == verdict->rule;
	say(&text, "%s by rule %u \"%s\": ", suspended ? paused : done[verdict->action], verdict->rule,
	    rule.name);
	say_name(&text, &query->dns.name);
	say_match(&text, snapshot, query, verdict, answer, facts);
	if (verdict->paused && !suspended) {
		policy_rule_info(snapshot->policy, verdict->paused, &rule);
		say(&text, "; %s by rule %u \"%s\"", paused, verdict->paused, rule.name);
	}
	return text.length;
}

/* Which addresses are taken out because they lead into the house. */
static void say_private(struct text *text, const struct query *query, const struct finish *finish)
{
	const struct answer *answer = finish->entry->answer;
	unsigned shown = 0;
	say(text, "stripped against rebinding: ");
	say_name(text, &query->dns.name);
	say(text, " → ");
	for (size_t i = 0; i < answer->address_count && shown < STRIPPED_SHOWN_MAX; i++) {
		char address[ADDR_TEXT_MAX];
		if (!rebinding_is_private(&answer->addresses[i]))
			continue;
		addr_format(&answer->addresses[i], address);
		say(text, "%s%s", shown++ ? ", " : "", address);
	}
	if (finish->private_count > shown)
		say(text, " and %zu more", finish->private_count - shown);
	say(text, " inside the house, from %s; %zu of %u addresses taken out", finish->entry->upstream,
	    finish->private_count, answer->address_count);
}

void sentence_add_house(char out[SENTENCE_MAX], const struct query *query,
                        const struct finish *finish)
{
	struct text text = {out, strlen(out)};
	const char *between = text.length ? "; " : "";
	if (finish->local.kind != LOCAL_ELSEWHERE) {
		char house[LOCAL_SENTENCE_MAX];
		local_sentence(house, &finish->local, &query->dns.name);
		say(&text, "%s%s", between, house);
		between = "; ";
	}
	if (finish->private_count) {
		say(&text, "%s", between);
		say_private(&text, query, finish);
	}
}

void sentence_evidence(char out[EVIDENCE_MAX], const struct geo *geo,
                       const struct address_facts *facts)
{
	size_t length = 0;
	out[0] = '\0';
	if (facts->special)
		snprintf(out, EVIDENCE_MAX, "special-use address");
	for (size_t i = 0; i < geo_location_count(geo) && !facts->special; i++) {
		const char *code =
			country_known(facts->locations[i]) ? facts->locations[i].code : "unknown";
		int more = snprintf(out + length, EVIDENCE_MAX - length, "%s%s %s", i ? ", " : "",
		                    geo_location_label(geo, i), code);
		if (more < 0 || (size_t)more >= EVIDENCE_MAX - length)
			break;
		length += (size_t)more;
	}
}
