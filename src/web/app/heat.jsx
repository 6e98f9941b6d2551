// When: seven days by twenty-four hours, darker is more. A table, so that it can be read without eyes.
import { STANDINGS } from "./format.js";
import { t } from "./texts.js";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const LAYERS = [...STANDINGS, "none", "sinkhole"];

// The hours of an overview, by the day of the week and the hour of whoever looks.
function week(given) {
	const hours = Array.from({ length: 7 }, () => Array(24).fill(0));
	for (const hour of given) {
		const at = new Date(hour.time);
		hours[(at.getDay() + 6) % 7][at.getHours()] += LAYERS.reduce((sum, layer) => sum + (hour[layer] || 0), 0);
	}
	return hours;
}

export function Heat({ hours: given }) {
	const hours = week(given);
	const most = Math.max(1, ...hours.flat());
	return (
		<div>
			<table class="heat">
				<caption class="unseen">{t.device.whenHow(zone)}</caption>
				<col class="days" />
				<tbody>
					{hours.map((row, dayOfWeek) => (
						<tr>
							<th scope="row">{t.device.weekdays[dayOfWeek]}</th>
							{row.map((value, hour) => (
								<td title={t.device.cell(t.device.weekdays[dayOfWeek], hour, value)} style={{ "--share": value ? 0.12 + 0.88 * Math.sqrt(value / most) : 0 }}>
									<span class="unseen">{value}</span>
								</td>
							))}
						</tr>
					))}
				</tbody>
				<tfoot aria-hidden="true">
					<tr>
						<td />
						{[0, 6, 12, 18].map((hour) => (
							<td colSpan="6">{String(hour).padStart(2, "0")}</td>
						))}
					</tr>
				</tfoot>
			</table>
			<p class="quiet small">{t.device.whenHow(zone)}</p>
		</div>
	);
}
