/* pcap by libpcap. */
#include <config.h>

#include "capture/file.h"

#ifdef HAVE_PCAP

#include <pcap/pcap.h>

#define PROGRESS_PACKETS 4096 /* between two looks at where we are */
#define US_PER_S INT64_C(1000000)

static void tell(const struct capture_reading *reading, pcap_t *pcap)
{
	long at = ftell(pcap_file(pcap));
	if (reading->progress && at > 0)
		reading->progress(reading->progress_data, (uint64_t)at);
}

static int read_packets(struct capture_reading *reading, pcap_t *pcap)
{
	struct pcap_pkthdr *header;
	const uint8_t *bytes;
	int result, error = PF_OK;
	unsigned long count = 0;
	int link = pcap_datalink(pcap);
	while (error == PF_OK && (result = pcap_next_ex(pcap, &header, &bytes)) == 1) {
		const struct packets_frame frame = {link,
		                                    (int64_t)header->ts.tv_sec * US_PER_S +
		                                        header->ts.tv_usec,
		                                    bytes, header->caplen, header->len};
		error = packets_take(reading->packets, &frame);
		if (++count % PROGRESS_PACKETS == 0)
			tell(reading, pcap);
	}
	if (error == PF_OK && result == PCAP_ERROR)
		capture_note_break(reading, "packet", count, pcap_geterr(pcap));
	tell(reading, pcap);
	return error;
}

int pcap_read(struct capture_reading *reading, FILE **stream, char error[CAPTURE_ERROR_MAX])
{
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap =
		pcap_fopen_offline_with_tstamp_precision(*stream, PCAP_TSTAMP_PRECISION_MICRO, why);
	if (!pcap) {
		snprintf(error, CAPTURE_ERROR_MAX, "%s is neither pcap nor pcapng nor dnstap (%s).",
		         reading->path, why);
		return PF_EINVAL;
	}
	*stream = NULL;
	int result = PF_EINVAL, link = pcap_datalink(pcap);
	const char *name = pcap_datalink_val_to_name(link);
	if (packets_knows_link(link))
		result = read_packets(reading, pcap);
	if (result == PF_EINVAL)
		snprintf(
			error, CAPTURE_ERROR_MAX,
			"%s has frames of link type %s (%d); Ethernet, Linux cooked, raw IP and loopback are understood.",
			reading->path, name ? name : "unknown", link);
	else if (result != PF_OK)
		snprintf(error, CAPTURE_ERROR_MAX, "%s can not be read: %s.", reading->path,
		         pf_strerror(result));
	pcap_close(pcap);
	return result;
}

#else

int pcap_read(struct capture_reading *reading, FILE **stream, char error[CAPTURE_ERROR_MAX])
{
	(void)stream;
	snprintf(
		error, CAPTURE_ERROR_MAX,
		"%s is neither pcapng nor dnstap, and this portafilter was built without libpcap, which reads pcap.",
		reading->path);
	return PF_EINVAL;
}

#endif
