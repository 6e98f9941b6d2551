/* Geo facts: where the addresses of an answer stand and who controls them. They are
 * computed once when an answer arrives and kept with it; verdicts are not facts. */
#ifndef PF_VALUE_FACTS_H
#define PF_VALUE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define GEO_SOURCE_MAX \
	8 /* location databases in one configuration: more than there are publishers */
#define GEO_LABEL_MAX 48 /* "geo-whois 2026-06" and NUL */
#define FACTS_ADDRESS_MAX \
	4096 /* addresses of one answer: over TCP 4,093 A records fit into it, and each one counts */

/* ISO 3166-1 alpha-2 in upper case and NUL; "" is unknown. */
struct country {
	char code[3];
};

static inline bool country_known(struct country country)
{
	return country.code[0] != '\0';
}

static inline bool country_equal(struct country a, struct country b)
{
	return a.code[0] == b.code[0] && a.code[1] == b.code[1];
}

/* A code as a number below COUNTRY_UNKNOWN, in the order of the alphabet; COUNTRY_UNKNOWN of an unknown one. */
#define COUNTRY_UNKNOWN (26 * 26)
static inline uint16_t country_number(struct country country)
{
	if (!country_known(country))
		return COUNTRY_UNKNOWN;
	return (uint16_t)((country.code[0] - 'A') * 26 + country.code[1] - 'A');
}

static inline struct country country_of_number(unsigned number)
{
	if (number >= COUNTRY_UNKNOWN)
		return (struct country){""};
	return (struct country){{(char)('A' + number / 26), (char)('A' + number % 26), '\0'}};
}

enum standing {
	STANDING_NONE, /* the answer holds no address: nothing to judge */
	STANDING_UNKNOWN,
	STANDING_HOME,
	STANDING_OVERSEAS,
	STANDING_DISPUTED,
	STANDING_INDETERMINATE,
};

enum confidence { CONFIDENCE_NONE, CONFIDENCE_LOW, CONFIDENCE_MEDIUM, CONFIDENCE_HIGH };

/* "", "unknown", "home", "overseas", "disputed", "indeterminate". */
const char *standing_word(enum standing standing);
/* "", "low", "medium", "high". */
const char *confidence_word(enum confidence confidence);
/* The reverse; PF_EINVAL for any other word. */
int standing_parse(const char *word);
int confidence_parse(const char *word);

struct address_facts {
	struct addr address;                      /* as it was served */
	uint8_t standing;                         /* enum standing; never STANDING_NONE */
	uint8_t confidence;                       /* enum confidence */
	bool special;                             /* RFC 6890 special use: no database was asked */
	bool anycast;                             /* inside a known anycast prefix */
	struct country location;                  /* what the first database that knows it says */
	struct country locations[GEO_SOURCE_MAX]; /* what each database says, in their order */
	uint32_t asn;                             /* the network that announces it; 0: not known */
	struct country control;                   /* the country of that network */
	struct country registered; /* where a location database says that it is registered */
};

struct answer_facts {
	uint8_t standing;                 /* enum standing, of the whole answer */
	uint8_t confidence;               /* enum confidence */
	uint16_t address_count;           /* of `addresses` */
	uint16_t overseas_count;          /* addresses outside: "1 of 3" */
	uint16_t judged_count;            /* addresses that a database knew something about */
	uint32_t epoch;                   /* of the geo databases and `home` that judged it */
	struct address_facts addresses[]; /* in the order of the answer */
};

#endif
