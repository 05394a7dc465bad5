/* SPDX-License-Identifier: MIT */
/* A page loads nothing else: its style and its script are in it, with a nonce for the policy that
 * forbids all others. All text that comes from requests is escaped when it is written. The script
 * asks for the page again and replaces its <main> (and parses no more of it, because the style
 * there has another nonce); it waits while text is selected, and gives back what had the focus and
 * how far a table was scrolled. */
#include "src/status/page.h"

#include <inttypes.h>

static const char style[] =
	":root{--back:#f6f7f9;--card:#fff;--ink:#1c2530;--soft:#566474;--line:#dde3ea;"
	"--good:#2b7de0;--link:#1f65bd;--busy:#b87900;--bad:#c62f2f;--on:#fff}"
	"@media(prefers-color-scheme:dark){:root{--back:#12161b;--card:#1b2129;--ink:#e4e9ef;"
	"--soft:#9dabb9;--line:#2d3641;--good:#6aabf7;--link:#6aabf7;--busy:#e8b64c;--bad:#f58080;-"
	"-on:#12161b}}"
	"*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);"
	"font:15px/1.45 system-ui,sans-serif}main{max-width:80rem;margin:auto;padding:1rem}"
	"h1{font-size:1.3rem;margin:0}h2{font-size:1rem;margin:1.4rem 0 .4rem}p{margin:.4rem 0}"
	"a{color:var(--link)}nav{display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin-top:1.4rem}"
	"header{display:flex;flex-wrap:wrap;gap:0 1rem;align-items:baseline}"
	".soft,figcaption,th,.axis{color:var(--soft);font-weight:400}"
	"b{font-weight:600;color:var(--ink)}figcaption b{display:block}"
	".tiles,.plots{display:grid;gap:.7rem;grid-template-columns:repeat(auto-fit,"
	"minmax(min(9.5rem,100%),1fr));margin-top:1rem}"
	".plots{grid-template-columns:repeat(auto-fit,minmax(min(17rem,100%),1fr))}"
	".tile,figure,.table,li{background:var(--card);border:1px solid var(--line);"
	"border-radius:8px;padding:.6rem .8rem;margin:0;min-width:0}"
	".tile b{display:block;font-size:1.35rem;line-height:1.3}.key .tile b{font-size:1.7rem}"
	".tile small{color:var(--soft);display:block}svg{display:block;width:100%;height:80px;"
	"margin-top:.4rem;border-bottom:1px solid var(--line)}.good{fill:var(--good)}"
	".busy{fill:var(--busy)}.bad{fill:var(--bad)}"
	"path{fill:none;stroke-width:3;vector-effect:non-scaling-stroke}"
	".p50{stroke:var(--good)}.p95{stroke:var(--busy)}"
	".axis{display:flex;justify-content:space-between;margin:.2rem 0 0;font-size:.8rem}"
	".table{overflow:auto;padding:0}.table:has(#recipes,#running){max-height:34rem}:focus-"
	"visible{outline:2px solid "
	"var(--good);outline-offset:1px}table{border-collapse:separate;border-spacing:0;"
	"width:100%;font-size:.87rem}td,th{padding:.35rem .7rem;text-align:left;"
	"border-bottom:1px solid var(--line);white-space:nowrap}th{position:sticky;top:0;"
	"background:var(--card)}tr:last-child td{border:0}td.n,th.n{text-align:right;"
	"font-variant-numeric:tabular-nums}td.wrap{white-space:normal;overflow-wrap:anywhere;"
	"min-width:8rem}meter{width:4rem;vertical-align:middle}"
	"ul{list-style:none;margin:0;padding:0;display:grid;gap:.5rem}li{overflow-wrap:anywhere;"
	"font-size:.87rem}b.red,.red{color:var(--bad);font-weight:600}"
	"#old{display:none;position:fixed;bottom:0;left:0;right:0;padding:.5rem;"
	"text-align:center;background:var(--bad);color:var(--on)}#old.shown{display:block}"
	"@media(max-width:40rem){main{padding:.7rem}.tiles{grid-template-columns:1fr 1fr;gap:.5rem}"
	".wide{display:none}td,th{padding:.35rem .5rem}td.wrap{min-width:4.5rem}}";

static const char script[] =
	"const old=document.getElementById('old'),stops='a,[tabindex]';setInterval(async()=>{"
	"if(document.hidden||getSelection().toString())return;try{"
	"const r=await fetch(location.href,{cache:'no-store',headers:{Accept:'text/html'}});"
	"if(!r.ok)throw 0;const t=await r.text(),d=new DOMParser().parseFromString("
	"t.slice(t.indexOf('<main>'),t.indexOf('</main>')+7),'text/html'),"
	"m=document.querySelector('main'),tables=()=>[...m.querySelectorAll('.table')],"
	"x=Object.fromEntries(tables().map(t=>[t.getAttribute('aria-label'),"
	"[t.scrollLeft,t.scrollTop]])),"
	"at=[...m.querySelectorAll(stops)].indexOf(document.activeElement);"
	"m.replaceChildren(...d.querySelector('main').childNodes);"
	"tables().forEach(t=>{[t.scrollLeft,t.scrollTop]=x[t.getAttribute('aria-label')]||[0,0]});"
	"if(at>=0)m.querySelectorAll(stops)[at]?.focus({preventScroll:true});"
	"old.classList.remove('shown')}catch(e){old.classList.add('shown')}},2000)";

void page_begin(FILE *out, const char *title, const char *nonce, bool live)
{
	fprintf(out,
		"<!DOCTYPE html><html lang=en><head><meta charset=utf-8>"
		"<meta name=viewport content=\"width=device-width,initial-scale=1\">"
		"<meta name=color-scheme content=\"light dark\"><title>%s</title>"
		"<link rel=icon href=\"data:,\">%s<style nonce=\"%s\">%s</style></head>"
		"<body><main>",
		title, live ? "<noscript><meta http-equiv=refresh content=5></noscript>" : "",
		nonce, style);
}

void page_end(FILE *out, const char *nonce, bool with_script)
{
	fputs("</main>", out);
	if (with_script)
		fprintf(out,
			"<div id=old role=status>No answer: what you see is old.</div>"
			"<script nonce=\"%s\">%s</script>",
			nonce, script);
	fputs("</body></html>\n", out);
}

void page_text(FILE *out, const char *string)
{
	for (const unsigned char *at = (const unsigned char *)string; *at; at++) {
		if (*at == '<' || *at == '>' || *at == '&' || *at == '"' || *at == '\'')
			fprintf(out, "&#%d;", *at);
		else
			fputc(*at < 0x20 || *at == 0x7f ? ' ' : *at, out);
	}
}

void page_cell(FILE *out, const char *class, const char *string)
{
	fprintf(out, "<td class=\"%s\">", class);
	page_text(out, string);
	fputs("</td>", out);
}

void page_span(FILE *out, const char *class, const char *string)
{
	fprintf(out, "<span class=\"%s\">", class);
	page_text(out, string);
	fputs("</span>", out);
}

void page_bytes(FILE *out, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t unit = 0;
	while (value >= 1024 && unit < 4) {
		value /= 1024;
		unit++;
	}
	fprintf(out, "%.*f %s", unit > 0 && value < 100, value, units[unit]);
}

void page_time(FILE *out, uint64_t us)
{
	if (us == 0)
		fputs("–", out);
	else if (us < 1000000)
		fprintf(out, "%.*f ms", us < 100000, (double)us / 1e3);
	else
		fprintf(out, "%.*f s", us < 100000000, (double)us / 1e6);
}

void page_table_begin(FILE *out, const char *id, const char *name)
{
	fprintf(out, "<div class=table tabindex=0 role=region aria-label=\"%s\"><table id=%s>",
		name, id);
}

void page_table_end(FILE *out)
{
	fputs("</table></div>", out);
}
