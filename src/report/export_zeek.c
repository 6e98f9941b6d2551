/* Zeek's dns.log, for whoever has tools for that: tab-separated, with the header that names fields and types. What this journal does
 * not keep is "-": ports, ids and flags of messages, the answer's records. */
#include <string.h>

#include "dns/dns.h"
#include "report/format.h"

static const char header[] =
	"#separator \\x09\n"
	"#set_separator\t,\n"
	"#empty_field\t(empty)\n"
	"#unset_field\t-\n"
	"#path\tdns\n"
	"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_id\trtt\tquery\tqclass"
	"\tqclass_name\tqtype\tqtype_name\trcode\trcode_name\tAA\tTC\tRD\tRA\tZ\tanswers\tTTLs\trejected\n"
	"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tcount\tinterval\tstring\tcount\tstring\tcount"
	"\tstring\tcount\tstring\tbool\tbool\tbool\tbool\tcount\tvector[string]\tvector[interval]\tbool\n";

/* PF_EINVAL: it is no code. */
static int rcode_number(const char *text)
{
	for (unsigned rcode = 0; rcode < 24; rcode++) {
		char word[DNS_TYPE_TEXT_MAX];
		dns_rcode_to_text(rcode, word);
		if (!strcmp(word, text))
			return (int)rcode;
	}
	return PF_EINVAL;
}

static int zeek_begin(struct format_run *run)
{
	out_text(run->out, header);
	return PF_OK;
}

/* As Zeek writes strings: what would divide fields, and what is no printable ASCII, as \xNN. */
static void write_string(struct out *out, const char *text)
{
	static const char digits[] = "0123456789abcdef";
	char escaped[5] = "\\x";
	if (!*text || !strcmp(text, "-") || !strcmp(text, "(empty)")) {
		out_text(out, *text ? *text == '-' ? "\\x2d" : "\\x28empty)" : "(empty)");
		return;
	}
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c > ' ' && *c < 0x7f && *c != '\\' && *c != ',') {
			out_bytes(out, c, 1);
			continue;
		}
		escaped[2] = digits[*c >> 4];
		escaped[3] = digits[*c & 15];
		out_text(out, escaped);
	}
}

/* The same row has the same id in each export. */
static void write_uid(struct out *out, int64_t row)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	char uid[] = "C00000000000000000";
	for (size_t i = sizeof uid - 2; i > 0 && row > 0; i--, row /= 62)
		uid[i] = digits[row % 62];
	out_text(out, uid);
}

/* Zeek's enum transport_proto; what is encrypted shows in the port that it is known by. */
static const char *transport_of(const char *protocol)
{
	if (!*protocol)
		return "-";
	return !strcmp(protocol, "udp") || !strcmp(protocol, "doq") ? "udp" : "tcp";
}

static const char *port_of(const char *protocol)
{
	if (!strcmp(protocol, "doh"))
		return "443";
	return !strcmp(protocol, "dot") || !strcmp(protocol, "doq") ? "853" : "53";
}

static int zeek_query(struct format_run *run, const struct store_query *row)
{
	struct out *out = run->out;
	int type = dns_type_from_text(row->type), rcode = rcode_number(row->rcode);
	out_print(out, "%lld.%06lld\t", (long long)(row->time_wall_us / 1000000),
	          (long long)(row->time_wall_us % 1000000));
	write_uid(out, row->row);
	out_print(out, "\t%s\t-\t-\t%s\t%s\t-\t%lld.%06lld\t", row->client, port_of(row->protocol),
	          transport_of(row->protocol), (long long)(row->took_us / 1000000),
	          (long long)(row->took_us % 1000000));
	write_string(out, row->name);
	out_text(out, "\t1\tC_INTERNET\t");
	if (type >= 0)
		out_print(out, "%d", type);
	else
		out_text(out, "-");
	out_print(out, "\t%s\t", row->type);
	/* A reply that a rule dropped has no code. */
	if (rcode >= 0)
		out_print(out, "%d\t%s", rcode, row->rcode);
	else
		out_text(out, "-\t-");
	out_print(out, "\t-\t-\t-\t-\t-\t-\t-\t%s\n", !strcmp(row->rcode, "REFUSED") ? "T" : "F");
	return PF_OK;
}

const struct format format_zeek = {.begin = zeek_begin, .query = zeek_query};
