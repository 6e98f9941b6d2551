// When: seven days by twenty-four hours, darker is more. A table, so that it can be read without eyes.
import { t } from "./texts.js";

export function Heat({ hours, zone }) {
	const most = Math.max(1, ...hours.flat());
	return (
		<div>
			<table class="heat">
				<caption class="unseen">{t.device.whenHow(zone)}</caption>
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
