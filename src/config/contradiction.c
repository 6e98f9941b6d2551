/* Rules whose keys contradict each other: each is right by itself, and no answer can meet all of them. What can hold in some corner
 * is left alone: a warning that is wrong once is read by nobody the second time. */
#include "config/pattern.h"
#include "config/sections.h"
#include "value/special.h"

/* ---- names and types ---------------------------------------------------------------------- */

static void check_names(struct reader *reader, const struct config_rule *rule)
{
	if (rule->name_count &&
	    patterns_cover(rule->not_names, rule->not_name_count, rule->names, rule->name_count))
		tell_warning(reader, rule->pos,
		             "this rule can never hold: it leaves out each of the names that it asks for");
}

static bool takes_type(const struct config_rule *rule, uint16_t type)
{
	for (size_t i = 0; i < rule->type_count; i++)
		if (rule->types[i] == type)
			return !rule->types_negated;
	return rule->types_negated || !rule->type_count;
}

static bool asks_refused_types(const struct config_rule *rule)
{
	for (size_t i = 0; i < rule->type_count; i++)
		if (!dns_type_is_meta(rule->types[i]))
			return false;
	return rule->type_count && !rule->types_negated;
}

/* ---- types and addresses ------------------------------------------------------------------ */

enum { IPV4 = 1, IPV6 = 2 };

/* What addresses the answers to its types can hold. */
static unsigned families_of_types(const struct config_rule *rule)
{
	static const struct {
		uint16_t type;
		unsigned families;
	} bearers[] = {{DNS_TYPE_A, IPV4},
	               {DNS_TYPE_AAAA, IPV6},
	               {DNS_TYPE_SVCB, IPV4 | IPV6}, /* hints */
	               {DNS_TYPE_HTTPS, IPV4 | IPV6}};
	unsigned families = 0;
	for (size_t i = 0; i < PF_COUNT(bearers); i++)
		if (takes_type(rule, bearers[i].type))
			families |= bearers[i].families;
	return families;
}

/* Of what it asks for; of what it leaves out nothing follows. */
static unsigned families_of_networks(const struct config_rule *rule)
{
	unsigned families = 0;
	for (size_t i = 0; i < rule->address_count; i++)
		families |= rule->addresses[i].addr.family == 4 ? IPV4 : IPV6;
	return rule->address_count && !rule->addresses_negated ? families : IPV4 | IPV6;
}

static bool asks_places(const struct config_rule *rule)
{
	return rule->location.given || rule->control.given || rule->asn_count;
}

static void check_types(struct reader *reader, const struct config_rule *rule)
{
	bool asks_addresses =
		rule->standing != STANDING_NONE || rule->address_count || asks_places(rule);
	unsigned can = families_of_types(rule), wanted = families_of_networks(rule);
	if (asks_refused_types(rule))
		tell_warning(reader, rule->pos,
		             "a rule on these `types` can never hold: ANY and transfers are answered "
		             "before any rule is asked");
	else if (asks_addresses && !can)
		tell_warning(reader, rule->pos,
		             "this rule can never hold: it asks for addresses, and answers of its `types` "
		             "have none; A, AAAA, HTTPS and SVCB have");
	else if (can == IPV4 && wanted == IPV6)
		tell_warning(reader, rule->pos,
		             "this rule can never hold: answers of type A have IPv4 addresses, and its "
		             "`addresses` are IPv6 networks");
	else if (can == IPV6 && wanted == IPV4)
		tell_warning(reader, rule->pos,
		             "this rule can hardly hold: answers of type AAAA have IPv6 addresses, and its "
		             "`addresses` are IPv4 networks; they hold none but ::ffff:192.0.2.1 and its "
		             "like");
}

/* ---- addresses and places ----------------------------------------------------------------- */

/* No database is asked of such addresses, so they stand nowhere and are in nobody's network. */
static void check_special(struct reader *reader, const struct config_rule *rule)
{
	bool unplaced = rule->standing == STANDING_NONE || rule->standing == STANDING_UNKNOWN;
	if (!rule->address_count || rule->addresses_negated || (unplaced && !asks_places(rule)))
		return;
	for (size_t i = 0; i < rule->address_count; i++)
		if (!special_holds(&rule->addresses[i]))
			return;
	tell_warning(reader, rule->pos,
	             "this rule can never hold: its `addresses` are private or of other special use, "
	             "and such an address has no standing but unknown, no country and no network");
}

/* ---- standing and location ---------------------------------------------------------------- */

static bool has_country(const struct country *codes, size_t count, struct country country)
{
	for (size_t i = 0; i < count; i++)
		if (country_equal(codes[i], country))
			return true;
	return false;
}

/* How many of the home's countries are among the rule's? */
static size_t common_countries(const struct config_countries *asked, const struct country *home,
                               size_t home_count)
{
	size_t count = 0;
	for (size_t i = 0; i < home_count; i++)
		count += has_country(asked->codes, asked->count, home[i]);
	return count;
}

/* Can an address stand in one of the countries that the rule asks for, and be of its standing for who lives here? */
static bool fits_home(const struct config_rule *rule, const struct country *home, size_t home_count)
{
	const struct config_countries *asked = &rule->location;
	size_t common = common_countries(asked, home, home_count);
	if (!home_count)
		return rule->standing == STANDING_UNKNOWN;
	switch (rule->standing) {
	case STANDING_UNKNOWN: return false; /* its country is known */
	case STANDING_HOME: return asked->negated ? common < home_count : common > 0;
	case STANDING_OVERSEAS:
		if (asked->negated)
			return true;
		for (size_t i = 0; i < asked->count; i++)
			if (!has_country(home, home_count, asked->codes[i]))
				return true;
		return false;
	default: return true;
	}
}

static void check_location(struct reader *reader, const struct config_rule *rule)
{
	const struct config *config = reader->config;
	if (rule->standing == STANDING_NONE || !rule->location.given ||
	    (!config->home_count && !config->tag_home_count))
		return; /* without a home another warning says it */
	if (fits_home(rule, config->home, config->home_count))
		return;
	for (size_t i = 0; i < config->tag_home_count; i++)
		if (fits_home(rule, config->tag_homes[i].codes, config->tag_homes[i].count))
			return;
	tell_warning(reader, rule->pos,
	             "this rule can never hold: no address in the countries of its `location` has the "
	             "standing %s with this `home`",
	             standing_word(rule->standing));
}

void rule_check_contradictions(struct reader *reader, const struct config_rule *rule)
{
	check_names(reader, rule);
	check_types(reader, rule);
	check_special(reader, rule);
	check_location(reader, rule);
}
