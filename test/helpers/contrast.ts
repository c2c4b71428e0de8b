/** Texts whose contrast with what is behind them is below 4.5 to 1 (WCAG 2, level AA). Runs in the page. */
export function faintTexts(): string[] {
	const channels = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
	const luminance = (color: string) => {
		const [red = 0, green = 0, blue = 0] = channels(color)
			.map((value) => value / 255)
			.map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
		return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
	};
	const behind = (element: Element | null): string => {
		if (!element) return "rgb(255, 255, 255)";
		const { backgroundColor } = getComputedStyle(element);
		return channels(backgroundColor)[3] === 0 ? behind(element.parentElement) : backgroundColor;
	};
	const texts = [...document.body.querySelectorAll("*")].filter(
		(element) =>
			element.checkVisibility() &&
			[...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim()),
	);
	return texts.flatMap((element) => {
		const [dark = 0, light = 0] = [getComputedStyle(element).color, behind(element)]
			.map(luminance)
			.sort((a, b) => a - b);
		const ratio = (light + 0.05) / (dark + 0.05);
		return ratio < 4.5 ? [`${ratio.toFixed(2)} ${element.textContent}`] : [];
	});
}
