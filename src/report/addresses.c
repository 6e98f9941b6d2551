/* Addresses and what is known of them, see addresses.h. */
#include "report/addresses.h"

#include "base/clock.h"

const struct address_facts *address_judge(const struct geo *geo, const struct addr *addr,
                                          struct now now, union address_judged *judged)
{
	geo_judge(geo, 0, addr, 1, now, &judged->facts);
	return &judged->facts.addresses[0];
}

json_t *addresses_sources(const struct geo *geo)
{
	json_t *list = json_array();
	for (size_t i = 0; i < geo_source_count(geo); i++) {
		struct geo_source source;
		char built[CLOCK_TEXT_MAX];
		geo_source_of_day(geo, i, &source, built);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:s}", "label", source.label,
		                                      "kind", source.kind, "built", built, "entries",
		                                      (json_int_t)source.entries, "credit", source.credit));
	}
	return list;
}

static json_t *code_json(struct country country)
{
	return country_known(country) ? json_string(country.code) : json_null();
}

static json_t *address_json(const struct geo *geo, const struct address_facts *facts)
{
	const char *organisation = geo_organisation(geo, facts->asn);
	json_t *locations = json_object();
	char text[ADDR_TEXT_MAX];
	addr_format(&facts->address, text);
	for (size_t i = 0; i < geo_location_count(geo); i++)
		json_object_set_new(locations, geo_location_label(geo, i), code_json(facts->locations[i]));
	return json_pack("{s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:s?, s:o, s:s, s:s}", "address", text,
	                 "special", facts->special, "anycast", facts->anycast, "locations", locations,
	                 "location", code_json(facts->location), "registered",
	                 code_json(facts->registered), "asn",
	                 facts->asn ? json_integer(facts->asn) : json_null(), "organisation",
	                 *organisation ? organisation : NULL, "control", code_json(facts->control),
	                 "standing", standing_word(facts->standing), "confidence",
	                 confidence_word(facts->confidence));
}

json_t *addresses_document(const struct geo *geo, const struct config *config,
                           const struct addr *addresses, size_t count, struct now now)
{
	json_t *list = json_array(), *home = json_array();
	for (size_t i = 0; i < count; i++) {
		union address_judged judged;
		json_array_append_new(list,
		                      address_json(geo, address_judge(geo, &addresses[i], now, &judged)));
	}
	for (size_t i = 0; i < config->home_count; i++)
		json_array_append_new(home, json_string(config->home[i].code));
	return json_pack("{s:o, s:o, s:o}", "sources", addresses_sources(geo), "home", home,
	                 "addresses", list);
}
