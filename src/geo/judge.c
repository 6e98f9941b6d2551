/* The judgement: from what the sources say of each address to the standing of an answer and the
 * confidence in it. */
#include <string.h>

#include "geo/state.h"
#include "value/special.h"

static bool is_home(const struct home *home, struct country country)
{
	unsigned number = country_number(country);
	return home->countries[number / 64] >> number % 64 & 1;
}

/* What the location databases say of one address. */
struct opinions {
	size_t known, home, overseas;
	unsigned voices;  /* a bit for each publisher that knows it */
	bool one_country; /* all that know it name the same country */
};

static struct opinions ask(const struct geo *geo, const struct home *home, const struct addr *addr,
                           struct address_facts *facts)
{
	struct opinions opinions = {.one_country = true};
	for (size_t i = 0; i < geo->location_count; i++) {
		struct place place = location_find(geo->locations[i], addr);
		struct country country = place.location;
		facts->locations[i] = country;
		if (!country_known(facts->registered))
			facts->registered = place.registered;
		if (!country_known(country))
			continue;
		if (!opinions.known++)
			facts->location = country;
		opinions.voices |= 1u << geo->voices[i];
		opinions.one_country = opinions.one_country && country_equal(country, facts->location);
		if (is_home(home, country))
			opinions.home++;
		else
			opinions.overseas++;
	}
	return opinions;
}

static enum standing standing_of(const struct home *home, const struct opinions *opinions,
                                 bool anycast)
{
	if (!home->given)
		return STANDING_UNKNOWN;
	if (anycast)
		return STANDING_INDETERMINATE;
	if (!opinions->known)
		return STANDING_UNKNOWN;
	if (opinions->home && opinions->overseas)
		return STANDING_DISPUTED;
	return opinions->home ? STANDING_HOME : STANDING_OVERSEAS;
}

/* High needs two publishers who name the same country and are not too old. Who agree on the side only, or are
 * alone, or old, give medium. */
static enum confidence confidence_of(const struct opinions *opinions, enum standing standing,
                                     bool old)
{
	if (standing != STANDING_HOME && standing != STANDING_OVERSEAS)
		return CONFIDENCE_LOW;
	bool independent = opinions->voices & (opinions->voices - 1); /* more than one bit */
	return independent && opinions->one_country && !old ? CONFIDENCE_HIGH : CONFIDENCE_MEDIUM;
}

static bool any_too_old(const struct geo *geo, struct now now)
{
	for (size_t i = 0; i < geo->location_count; i++)
		if (now.wall_us - location_built_us(geo->locations[i]) > geo->max_age_us)
			return true;
	return false;
}

static void judge_address(const struct geo *geo, const struct home *home,
                          const struct addr *address, bool old, struct address_facts *facts)
{
	memset(facts, 0, sizeof *facts); /* hashed as bytes: the padding too */
	facts->address = *address;
	facts->standing = STANDING_UNKNOWN;
	facts->confidence = CONFIDENCE_LOW;
	struct addr inner = special_unwrap(address);
	if (special_is(&inner)) {
		facts->special = true;
		return;
	}
	facts->anycast = anycast_has(geo->anycast, &inner);
	struct opinions opinions = ask(geo, home, &inner, facts);
	facts->standing = (uint8_t)standing_of(home, &opinions, facts->anycast);
	facts->confidence = (uint8_t)confidence_of(&opinions, facts->standing, old);
	const struct as *as = control_find(geo->control, &inner);
	facts->control = as ? as->country : facts->registered;
	facts->asn = as ? as->number : 0;
}

/* Counts by standing over the addresses that are not special-use. */
static enum standing standing_of_all(const size_t counts[])
{
	if (counts[STANDING_OVERSEAS])
		return STANDING_OVERSEAS;
	if (counts[STANDING_DISPUTED])
		return STANDING_DISPUTED;
	if (counts[STANDING_INDETERMINATE])
		return STANDING_INDETERMINATE;
	return counts[STANDING_HOME] && !counts[STANDING_UNKNOWN] ? STANDING_HOME : STANDING_UNKNOWN;
}

void geo_judge(const struct geo *geo, size_t home, const struct addr *addresses, size_t count,
               struct now now, struct answer_facts *facts)
{
	size_t counts[STANDING_INDETERMINATE + 1] = {0}, ordinary = 0;
	enum confidence least = CONFIDENCE_HIGH;
	bool old = any_too_old(geo, now);
	memset(facts, 0, sizeof *facts);
	facts->epoch = geo->epoch;
	if (!count)
		return;
	facts->address_count = (uint16_t)count;
	for (size_t i = 0; i < count; i++) {
		struct address_facts *address = &facts->addresses[i];
		judge_address(geo, &geo->homes[home], &addresses[i], old, address);
		facts->judged_count += country_known(address->location);
		if (address->special)
			continue;
		ordinary++;
		counts[address->standing]++;
		if (address->confidence < least)
			least = address->confidence;
	}
	facts->overseas_count = (uint16_t)counts[STANDING_OVERSEAS];
	facts->standing = (uint8_t)standing_of_all(counts);
	/* Addresses on different sides, or some that nobody can place, are no agreement. */
	bool agree = ordinary && counts[facts->standing] == ordinary;
	facts->confidence = (uint8_t)(agree ? least : CONFIDENCE_LOW);
}
