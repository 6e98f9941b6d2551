/* All country codes, and the words that stand for several of them. */
#include "config/countries.h"

#include <string.h>

#include "config/blocs.h"
#include "config/config.h"
#include "config/suggest.h"

/* ISO 3166-1 alpha-2 and alpha-3 as of 2026 (249 countries, the same as in tzdata 2025b's iso3166.tab,
 * whose short names these are), and XK, the user-assigned code under which databases hold Kosovo. */
static const struct {
	char code[3], long_code[4];
	const char *name;
} countries[] = {
	{"AD", "AND", "Andorra"},
	{"AE", "ARE", "United Arab Emirates"},
	{"AF", "AFG", "Afghanistan"},
	{"AG", "ATG", "Antigua & Barbuda"},
	{"AI", "AIA", "Anguilla"},
	{"AL", "ALB", "Albania"},
	{"AM", "ARM", "Armenia"},
	{"AO", "AGO", "Angola"},
	{"AQ", "ATA", "Antarctica"},
	{"AR", "ARG", "Argentina"},
	{"AS", "ASM", "Samoa (American)"},
	{"AT", "AUT", "Austria"},
	{"AU", "AUS", "Australia"},
	{"AW", "ABW", "Aruba"},
	{"AX", "ALA", "Åland Islands"},
	{"AZ", "AZE", "Azerbaijan"},
	{"BA", "BIH", "Bosnia & Herzegovina"},
	{"BB", "BRB", "Barbados"},
	{"BD", "BGD", "Bangladesh"},
	{"BE", "BEL", "Belgium"},
	{"BF", "BFA", "Burkina Faso"},
	{"BG", "BGR", "Bulgaria"},
	{"BH", "BHR", "Bahrain"},
	{"BI", "BDI", "Burundi"},
	{"BJ", "BEN", "Benin"},
	{"BL", "BLM", "St Barthelemy"},
	{"BM", "BMU", "Bermuda"},
	{"BN", "BRN", "Brunei"},
	{"BO", "BOL", "Bolivia"},
	{"BQ", "BES", "Caribbean NL"},
	{"BR", "BRA", "Brazil"},
	{"BS", "BHS", "Bahamas"},
	{"BT", "BTN", "Bhutan"},
	{"BV", "BVT", "Bouvet Island"},
	{"BW", "BWA", "Botswana"},
	{"BY", "BLR", "Belarus"},
	{"BZ", "BLZ", "Belize"},
	{"CA", "CAN", "Canada"},
	{"CC", "CCK", "Cocos (Keeling) Islands"},
	{"CD", "COD", "Congo (Dem. Rep.)"},
	{"CF", "CAF", "Central African Rep."},
	{"CG", "COG", "Congo (Rep.)"},
	{"CH", "CHE", "Switzerland"},
	{"CI", "CIV", "Côte d'Ivoire"},
	{"CK", "COK", "Cook Islands"},
	{"CL", "CHL", "Chile"},
	{"CM", "CMR", "Cameroon"},
	{"CN", "CHN", "China"},
	{"CO", "COL", "Colombia"},
	{"CR", "CRI", "Costa Rica"},
	{"CU", "CUB", "Cuba"},
	{"CV", "CPV", "Cape Verde"},
	{"CW", "CUW", "Curaçao"},
	{"CX", "CXR", "Christmas Island"},
	{"CY", "CYP", "Cyprus"},
	{"CZ", "CZE", "Czech Republic"},
	{"DE", "DEU", "Germany"},
	{"DJ", "DJI", "Djibouti"},
	{"DK", "DNK", "Denmark"},
	{"DM", "DMA", "Dominica"},
	{"DO", "DOM", "Dominican Republic"},
	{"DZ", "DZA", "Algeria"},
	{"EC", "ECU", "Ecuador"},
	{"EE", "EST", "Estonia"},
	{"EG", "EGY", "Egypt"},
	{"EH", "ESH", "Western Sahara"},
	{"ER", "ERI", "Eritrea"},
	{"ES", "ESP", "Spain"},
	{"ET", "ETH", "Ethiopia"},
	{"FI", "FIN", "Finland"},
	{"FJ", "FJI", "Fiji"},
	{"FK", "FLK", "Falkland Islands"},
	{"FM", "FSM", "Micronesia"},
	{"FO", "FRO", "Faroe Islands"},
	{"FR", "FRA", "France"},
	{"GA", "GAB", "Gabon"},
	{"GB", "GBR", "Britain (UK)"},
	{"GD", "GRD", "Grenada"},
	{"GE", "GEO", "Georgia"},
	{"GF", "GUF", "French Guiana"},
	{"GG", "GGY", "Guernsey"},
	{"GH", "GHA", "Ghana"},
	{"GI", "GIB", "Gibraltar"},
	{"GL", "GRL", "Greenland"},
	{"GM", "GMB", "Gambia"},
	{"GN", "GIN", "Guinea"},
	{"GP", "GLP", "Guadeloupe"},
	{"GQ", "GNQ", "Equatorial Guinea"},
	{"GR", "GRC", "Greece"},
	{"GS", "SGS", "South Georgia & the South Sandwich Islands"},
	{"GT", "GTM", "Guatemala"},
	{"GU", "GUM", "Guam"},
	{"GW", "GNB", "Guinea-Bissau"},
	{"GY", "GUY", "Guyana"},
	{"HK", "HKG", "Hong Kong"},
	{"HM", "HMD", "Heard Island & McDonald Islands"},
	{"HN", "HND", "Honduras"},
	{"HR", "HRV", "Croatia"},
	{"HT", "HTI", "Haiti"},
	{"HU", "HUN", "Hungary"},
	{"ID", "IDN", "Indonesia"},
	{"IE", "IRL", "Ireland"},
	{"IL", "ISR", "Israel"},
	{"IM", "IMN", "Isle of Man"},
	{"IN", "IND", "India"},
	{"IO", "IOT", "British Indian Ocean Territory"},
	{"IQ", "IRQ", "Iraq"},
	{"IR", "IRN", "Iran"},
	{"IS", "ISL", "Iceland"},
	{"IT", "ITA", "Italy"},
	{"JE", "JEY", "Jersey"},
	{"JM", "JAM", "Jamaica"},
	{"JO", "JOR", "Jordan"},
	{"JP", "JPN", "Japan"},
	{"KE", "KEN", "Kenya"},
	{"KG", "KGZ", "Kyrgyzstan"},
	{"KH", "KHM", "Cambodia"},
	{"KI", "KIR", "Kiribati"},
	{"KM", "COM", "Comoros"},
	{"KN", "KNA", "St Kitts & Nevis"},
	{"KP", "PRK", "Korea (North)"},
	{"KR", "KOR", "Korea (South)"},
	{"KW", "KWT", "Kuwait"},
	{"KY", "CYM", "Cayman Islands"},
	{"KZ", "KAZ", "Kazakhstan"},
	{"LA", "LAO", "Laos"},
	{"LB", "LBN", "Lebanon"},
	{"LC", "LCA", "St Lucia"},
	{"LI", "LIE", "Liechtenstein"},
	{"LK", "LKA", "Sri Lanka"},
	{"LR", "LBR", "Liberia"},
	{"LS", "LSO", "Lesotho"},
	{"LT", "LTU", "Lithuania"},
	{"LU", "LUX", "Luxembourg"},
	{"LV", "LVA", "Latvia"},
	{"LY", "LBY", "Libya"},
	{"MA", "MAR", "Morocco"},
	{"MC", "MCO", "Monaco"},
	{"MD", "MDA", "Moldova"},
	{"ME", "MNE", "Montenegro"},
	{"MF", "MAF", "St Martin (French)"},
	{"MG", "MDG", "Madagascar"},
	{"MH", "MHL", "Marshall Islands"},
	{"MK", "MKD", "North Macedonia"},
	{"ML", "MLI", "Mali"},
	{"MM", "MMR", "Myanmar (Burma)"},
	{"MN", "MNG", "Mongolia"},
	{"MO", "MAC", "Macau"},
	{"MP", "MNP", "Northern Mariana Islands"},
	{"MQ", "MTQ", "Martinique"},
	{"MR", "MRT", "Mauritania"},
	{"MS", "MSR", "Montserrat"},
	{"MT", "MLT", "Malta"},
	{"MU", "MUS", "Mauritius"},
	{"MV", "MDV", "Maldives"},
	{"MW", "MWI", "Malawi"},
	{"MX", "MEX", "Mexico"},
	{"MY", "MYS", "Malaysia"},
	{"MZ", "MOZ", "Mozambique"},
	{"NA", "NAM", "Namibia"},
	{"NC", "NCL", "New Caledonia"},
	{"NE", "NER", "Niger"},
	{"NF", "NFK", "Norfolk Island"},
	{"NG", "NGA", "Nigeria"},
	{"NI", "NIC", "Nicaragua"},
	{"NL", "NLD", "Netherlands"},
	{"NO", "NOR", "Norway"},
	{"NP", "NPL", "Nepal"},
	{"NR", "NRU", "Nauru"},
	{"NU", "NIU", "Niue"},
	{"NZ", "NZL", "New Zealand"},
	{"OM", "OMN", "Oman"},
	{"PA", "PAN", "Panama"},
	{"PE", "PER", "Peru"},
	{"PF", "PYF", "French Polynesia"},
	{"PG", "PNG", "Papua New Guinea"},
	{"PH", "PHL", "Philippines"},
	{"PK", "PAK", "Pakistan"},
	{"PL", "POL", "Poland"},
	{"PM", "SPM", "St Pierre & Miquelon"},
	{"PN", "PCN", "Pitcairn"},
	{"PR", "PRI", "Puerto Rico"},
	{"PS", "PSE", "Palestine"},
	{"PT", "PRT", "Portugal"},
	{"PW", "PLW", "Palau"},
	{"PY", "PRY", "Paraguay"},
	{"QA", "QAT", "Qatar"},
	{"RE", "REU", "Réunion"},
	{"RO", "ROU", "Romania"},
	{"RS", "SRB", "Serbia"},
	{"RU", "RUS", "Russia"},
	{"RW", "RWA", "Rwanda"},
	{"SA", "SAU", "Saudi Arabia"},
	{"SB", "SLB", "Solomon Islands"},
	{"SC", "SYC", "Seychelles"},
	{"SD", "SDN", "Sudan"},
	{"SE", "SWE", "Sweden"},
	{"SG", "SGP", "Singapore"},
	{"SH", "SHN", "St Helena"},
	{"SI", "SVN", "Slovenia"},
	{"SJ", "SJM", "Svalbard & Jan Mayen"},
	{"SK", "SVK", "Slovakia"},
	{"SL", "SLE", "Sierra Leone"},
	{"SM", "SMR", "San Marino"},
	{"SN", "SEN", "Senegal"},
	{"SO", "SOM", "Somalia"},
	{"SR", "SUR", "Suriname"},
	{"SS", "SSD", "South Sudan"},
	{"ST", "STP", "Sao Tome & Principe"},
	{"SV", "SLV", "El Salvador"},
	{"SX", "SXM", "St Maarten (Dutch)"},
	{"SY", "SYR", "Syria"},
	{"SZ", "SWZ", "Eswatini (Swaziland)"},
	{"TC", "TCA", "Turks & Caicos Is"},
	{"TD", "TCD", "Chad"},
	{"TF", "ATF", "French S. Terr."},
	{"TG", "TGO", "Togo"},
	{"TH", "THA", "Thailand"},
	{"TJ", "TJK", "Tajikistan"},
	{"TK", "TKL", "Tokelau"},
	{"TL", "TLS", "East Timor"},
	{"TM", "TKM", "Turkmenistan"},
	{"TN", "TUN", "Tunisia"},
	{"TO", "TON", "Tonga"},
	{"TR", "TUR", "Turkey"},
	{"TT", "TTO", "Trinidad & Tobago"},
	{"TV", "TUV", "Tuvalu"},
	{"TW", "TWN", "Taiwan"},
	{"TZ", "TZA", "Tanzania"},
	{"UA", "UKR", "Ukraine"},
	{"UG", "UGA", "Uganda"},
	{"UM", "UMI", "US minor outlying islands"},
	{"US", "USA", "United States"},
	{"UY", "URY", "Uruguay"},
	{"UZ", "UZB", "Uzbekistan"},
	{"VA", "VAT", "Vatican City"},
	{"VC", "VCT", "St Vincent"},
	{"VE", "VEN", "Venezuela"},
	{"VG", "VGB", "Virgin Islands (UK)"},
	{"VI", "VIR", "Virgin Islands (US)"},
	{"VN", "VNM", "Vietnam"},
	{"VU", "VUT", "Vanuatu"},
	{"WF", "WLF", "Wallis & Futuna"},
	{"WS", "WSM", "Samoa (western)"},
	{"XK", "XKX", "Kosovo"},
	{"YE", "YEM", "Yemen"},
	{"YT", "MYT", "Mayotte"},
	{"ZA", "ZAF", "South Africa"},
	{"ZM", "ZMB", "Zambia"},
	{"ZW", "ZWE", "Zimbabwe"},
};

/* What people write and ISO 3166-1 does not: reserved codes of the same country. */
static const struct {
	const char *written, *code;
} others[] = {{"UK", "GB"}};

static bool same_word(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if ((*a | 0x20) != (*b | 0x20))
			return false;
	return *a == *b;
}

static struct country country_of(const char *code)
{
	return (struct country){{code[0], code[1], '\0'}};
}

size_t countries_find(const char *word, struct country found[BLOC_MEMBERS_MAX], bool *renamed)
{
	*renamed = false;
	for (size_t i = 0; i < PF_COUNT(others); i++) {
		if (!same_word(word, others[i].written))
			continue;
		*renamed = true;
		found[0] = country_of(others[i].code);
		return 1;
	}
	for (size_t i = 0; i < PF_COUNT(countries); i++) {
		if (!same_word(word, countries[i].code))
			continue;
		found[0] = country_of(countries[i].code);
		return 1;
	}
	for (size_t i = 0; i < blocs_count(); i++) {
		struct bloc bloc;
		bloc_get(i, &bloc);
		if (!same_word(word, bloc.name))
			continue;
		memcpy(found, bloc.members, bloc.count * sizeof *found);
		return bloc.count;
	}
	return 0;
}

const char *config_country_name(const char *code)
{
	for (size_t i = 0; i < PF_COUNT(countries); i++)
		if (!strcmp(code, countries[i].code))
			return countries[i].name;
	return NULL;
}

const char *countries_suggest(const char *word, const char **name)
{
	/* The European Union writes EL for Greece. */
	if (same_word(word, "EL"))
		word = "GRC";
	for (size_t i = 0; i < PF_COUNT(countries); i++) {
		*name = countries[i].name;
		if (same_word(word, countries[i].long_code) || same_word(word, countries[i].name))
			return countries[i].code;
	}
	size_t best = SUGGEST_BYTES_MAX;
	const char *code = NULL;
	/* Two letters are next to fifty codes; only a whole name can be misspelled recognisably. */
	for (size_t i = 0; strlen(word) > 4 && i < PF_COUNT(countries); i++) {
		size_t distance = suggest_distance(word, countries[i].name);
		if (distance >= best || distance > strlen(word) / 3)
			continue;
		best = distance;
		code = countries[i].code;
		*name = countries[i].name;
	}
	return code;
}
