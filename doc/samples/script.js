// SPDX-License-Identifier: MIT
// The form is made from recipes.json (`sluice recipes --json`) and samples.json, so it has every parameter of every recipe. What an
// answer cost comes from the browser's own measurements (Resource Timing) and from Server-Timing.
"use strict";

const get = id => document.getElementById(id);
const make = (name, properties = {}, ...children) => {
	const element = Object.assign(document.createElement(name), properties);
	element.append(...children);
	return element;
};
const size = bytes => bytes < 1000 ? `${bytes} bytes` : bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
const ms = time => time < 10000 ? `${Math.round(time)} ms` : `${(time / 1000).toFixed(1)} s`;
const converted = entry => (entry?.serverTiming || []).find(t => t.name === "convert")?.duration;
const cost = (bytes, time, entry) => {
	const run = converted(entry);
	return `${size(bytes)}, ${ms(time)}` + (run === undefined ? "" : `, converter ${ms(run)}`);
};

// ---- the command behind an address

const command = async (address, accept) => {
	const answer = await fetch(`/-/explain?url=${encodeURIComponent(address)}`, { headers: { Accept: accept } });
	const lines = (await answer.text()).split("\n");
	const told = word => lines.filter(line => line.startsWith(word + " ")).map(line => line.slice(word.length).trim());
	const shell = told("shell");
	return (shell.length ? shell : told("argv")).join(" | ") || lines.join("\n").trim();
};

const copy = async (text, button) => {
	const before = button.firstChild.data;
	try {
		await navigator.clipboard.writeText(text);
		button.firstChild.data = "Copied";
	} catch {
		button.firstChild.data = "Not allowed here";
	}
	setTimeout(() => { button.firstChild.data = before; }, 1500);
};
for (const button of document.querySelectorAll(".copy"))
	button.addEventListener("click", () => {
		const from = get(button.dataset.from);
		copy(from.href || from.textContent, button);
	});

// ---- the samples: what each cost, and its command

const figures = new Map();
for (const figure of document.querySelectorAll(".sample")) {
	const media = figure.querySelector("[src]"), caption = figure.querySelector("figcaption");
	const address = media.getAttribute("src"), shown = make("span", { className: "cost" });
	const pre = make("pre", { tabIndex: 0, ariaLabel: "Command" });
	const button = make("button", { type: "button", className: "small" }, "Copy");
	button.ariaLabel = `Copy the address of ${caption.querySelector("b").textContent}`;
	button.addEventListener("click", () => copy(media.src, button));
	const details = make("details", {}, make("summary", { textContent: "Command" }), pre);
	details.addEventListener("toggle", async () => {
		if (details.open && !pre.textContent)
			pre.textContent = await command(address, media.localName === "img" ? "image/webp,image/*" : "*/*");
	});
	caption.append(shown, button, details);
	figures.set(media.src, { shown, media });
	if (media.localName === "img") {
		media.addEventListener("error", () => { shown.textContent = "There was no picture: see the log."; });
		continue;
	}
	shown.textContent = "made while it plays";
	let begin;
	media.addEventListener("play", () => { begin ??= performance.now(); });
	media.addEventListener("loadeddata", () => {
		if (begin)
			shown.textContent = `plays after ${ms(performance.now() - begin)}, while the rest is made`;
	});
}
new PerformanceObserver(list => {
	for (const entry of list.getEntries()) {
		const figure = figures.get(entry.name);
		if (figure && figure.media.localName === "img" && entry.encodedBodySize)
			figure.shown.textContent = cost(entry.encodedBodySize, entry.responseEnd - entry.requestStart, entry);
	}
}).observe({ type: "resource", buffered: true });

for (const item of document.querySelectorAll(".refused li"))
	fetch(item.querySelector("a").href).then(async answer => {
		item.querySelector("b").textContent = answer.status;
		item.querySelector(".answer").textContent = `Answer: ${(await answer.text()).trim()}`;
	});

// ---- the form

// A recipe whose path has nothing in front of the source is one of several: the first that takes the source, by its type.
const WORDS = {
	"": "A picture", "/requantize": "A JPEG in fewer bytes", "/frame": "A still from a film", "/preview": "A moving preview",
	"/watch": "A film, live", "/listen": "A sound, live",
};
const LIVE = { "/watch": "video", "/listen": "audio" };
const FIRST = { "/listen": "tone.flac" };
const START = { "": { size: "480x320" }, "/frame": { at: "2.5", size: "480x320" }, "/watch": { height: "240" } };
let recipes, samples, run = 0;
const folder = recipe => recipe.path.replace(/\/\{source\}$/, "");
const takes = (recipe, sample) => recipe.sources.some(type => type === sample.type || type.startsWith(sample.type + " "));

const field = (name, label, control, hint) => {
	control.id = `field-${name}`;
	control.name = name;
	const error = make("span", { className: "error", id: `error-${name}` });
	const about = make("span", { className: "hint", id: `hint-${name}`, textContent: hint });
	control.setAttribute("aria-describedby", `hint-${name} error-${name}`);
	return make("div", { className: "field" }, make("label", { htmlFor: control.id, textContent: label }), control, about, error);
};
const select = (options, value) => {
	const control = make("select", {}, ...options.map(([v, text]) => make("option", { value: v, textContent: text })));
	if (value !== undefined)
		control.value = value;
	return control;
};
const parameter = (param, value) => {
	const name = param.name[0].toUpperCase() + param.name.slice(1), hint = `${param.required ? "Needed: " : ""}${param.accepts}`;
	if (param.values && param.type !== "size") {
		const none = param.default ?? (param.type === "format" ? "by the browser" : "none");
		const others = param.values.filter(v => v !== param.default).map(v => [v, v]);
		return field(param.name, name, select([["", none], ...others], value ?? ""), hint);
	}
	if (param.type === "flag")
		return field(param.name, name, select([["", param.default ?? "0"], param.default === "1" ? ["0", "0"] : ["1", "1"]], value ?? ""), hint);
	const control = make("input", { value: value ?? "", placeholder: param.default ?? "", spellcheck: false, autocapitalize: "off", autocomplete: "off" });
	return field(param.name, name, control, hint);
};

// Values that the new choice has, too, stay.
const build = kind => {
	const old = Object.fromEntries(new FormData(get("form")));
	const all = recipes.filter(r => folder(r) === kind), able = samples.filter(s => all.some(r => takes(r, s)));
	const source = able.some(s => s.name === old.source) ? old.source : (able.find(s => s.name === FIRST[kind]) ?? able[0]).name;
	// Recipes of one source may accept different words: those of the one that accepts most are shown.
	const params = new Map(), words = p => p.values?.length ?? 0;
	for (const p of all.filter(r => takes(r, able.find(s => s.name === source))).flatMap(r => r.params))
		if (!params.has(p.name) || words(p) > words(params.get(p.name)))
			params.set(p.name, p);
	const kinds = [...new Set(recipes.map(folder))].filter(f => WORDS[f] !== undefined && !f.includes("{"));
	const what = select(kinds.sort((a, b) => Object.keys(WORDS).indexOf(a) - Object.keys(WORDS).indexOf(b)).map(f => [f, WORDS[f]]), kind);
	const from = select(able.map(s => [s.name, `${s.name} (${size(s.bytes)})`]), source);
	const focused = document.activeElement?.id;
	get("fields").replaceChildren(get("fields").querySelector("legend"), field("what", "What", what, "Which recipes"),
		field("source", "Source", from, "Its content decides, not its name"),
		...[...params.values()].map(p => parameter(p, old[p.name] ?? START[kind]?.[p.name])));
	what.addEventListener("change", () => build(what.value));
	from.addEventListener("change", () => build(kind));
	if (focused)
		get(focused)?.focus();
	attempt();
};

const showOriginal = sample => {
	const address = `/-/original/${sample.name}`, box = get("original");
	get("original-cost").textContent = `${sample.name}, ${size(sample.bytes)}`;
	get("original-credit").textContent = `${sample.title}. ${sample.credit}`;
	if (box.dataset.name === sample.name)
		return;
	box.dataset.name = sample.name;
	const kind = ["mp4", "mkv", "webm"].includes(sample.type) ? "video" : ["flac", "mp3", "wav", "opus"].includes(sample.type) ? "audio" : "img";
	const media = kind === "img" ? make("img", { alt: `The original: ${sample.title}` })
		: make(kind, { controls: true, muted: kind === "video", preload: "metadata", ariaLabel: `The original: ${sample.title}` });
	media.addEventListener("error", () => box.replaceChildren(make("p", { textContent: "A browser cannot show this one." })));
	media.src = address;
	box.replaceChildren(media);
};

// "quality: a whole number from 1 to 100" stands beside the field quality.
const refuse = (status, text) => {
	const name = /([\w-]+): /.exec(text.replace(/^\d+ [A-Z][\w -]*: /, ""))?.[1], error = get(`error-${name}`);
	get("result").replaceChildren(make("p", { textContent: `${status}: ${text}` }));
	get("said").textContent = "Refused: " + text;
	if (!error)
		return;
	error.textContent = `Refused: ${text.slice(text.indexOf(`${name}: `) + name.length + 2).replace(/ \(request \w+\)$/, "")}`;
	get(`field-${name}`).setAttribute("aria-invalid", "true");
};

const showResult = async (answer, begin, address, sample) => {
	const blob = await answer.blob(), time = performance.now() - begin;
	const entry = performance.getEntriesByName(new URL(address, location).href, "resource").at(-1);
	const picture = make("img", { alt: `The result: ${sample.title}`, src: URL.createObjectURL(blob) });
	await picture.decode().catch(() => {});
	const part = Math.round(100 * blob.size / sample.bytes);
	get("cost").textContent = `${answer.headers.get("Content-Type")}, ${picture.naturalWidth}×${picture.naturalHeight}, `
		+ `${cost(blob.size, time, entry)}; ${part < 1 ? "under 1" : part} % of the original's bytes`;
	get("result").replaceChildren(picture);
	get("said").textContent = "Made.";
};

const showLive = (address, kind) => {
	const begin = performance.now(), media = make(kind, { controls: true, muted: true, autoplay: kind === "video", src: address, ariaLabel: "The result" });
	media.playsInline = true;
	media.addEventListener("loadeddata", () => {
		get("cost").textContent = `begins after ${ms(performance.now() - begin)}; the rest is made while it plays`;
		get("said").textContent = "It plays.";
	});
	media.addEventListener("error", async () => {
		const answer = await fetch(address);
		refuse(answer.status, answer.ok ? "this browser cannot play it" : (await answer.text()).trim());
	});
	get("result").replaceChildren(media);
};

const attempt = async () => {
	const mine = ++run, values = Object.fromEntries(new FormData(get("form"))), { what, source } = values;
	const sample = samples.find(s => s.name === source);
	const query = Object.entries(values).filter(([name, value]) => !["what", "source"].includes(name) && value !== "")
		.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
	const address = `${what}/${source}${query ? "?" + query : ""}`;
	for (const error of document.querySelectorAll(".error"))
		error.textContent = "";
	for (const control of document.querySelectorAll("[aria-invalid]"))
		control.removeAttribute("aria-invalid");
	get("address").href = address;
	get("address").firstElementChild.textContent = address;
	get("cost").textContent = get("command").textContent = "";
	get("said").textContent = "Being made …";
	showOriginal(sample);
	const accept = "image/webp,image/*;q=0.8";
	command(address, accept).then(text => { if (mine === run) get("command").textContent = text; });
	if (LIVE[what])
		return showLive(address, LIVE[what]);
	const begin = performance.now();
	const answer = await fetch(address, { headers: { Accept: accept }, cache: "no-store" }).catch(() => null);
	if (mine !== run)
		return;
	if (!answer)
		refuse("No answer", "does quickstart still run?");
	else if (answer.ok)
		await showResult(answer, begin, address, sample);
	else
		refuse(answer.status, (await answer.text()).trim());
};
get("form").addEventListener("change", event => { if (!["what", "source"].includes(event.target.name)) attempt(); });
get("form").addEventListener("submit", event => { event.preventDefault(); attempt(); });

Promise.all(["recipes", "samples"].map(name => fetch(`/-/page/${name}.json`).then(answer => answer.json()))).then(([first, second]) => {
	recipes = first;
	samples = second;
	get("credits").textContent = "Photographs: " + samples.filter(s => !["drawn", "made of the above"].includes(s.credit))
		.map(s => `${s.name}: ${s.title}, ${s.credit}`).join(" · ");
	if (samples.every(s => s.credit === "drawn" || s.credit === "made of the above"))
		get("credits").textContent = "All samples are drawn: there was no network for the photographs, or --drawn was given.";
	build("");
});
