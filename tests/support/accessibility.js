/** What a person with a screen reader, a keyboard, weak eyes or a small screen would stumble over, as sentences. */
() => {
  const found = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".hush");
  const show = (element) => element.outerHTML.slice(0, 90);
  const check = (good, sentence, element) => good || found.push(element ? `${sentence}: ${show(element)}` : sentence);

  check(document.documentElement.lang, "the page does not say its language");
  check(document.title, "the page has no title");
  check(all("h1").filter(seen).length <= 1, "more than one main heading is shown");
  check(all("main").length === 1, "there is not one main part");
  check(document.documentElement.scrollWidth <= document.documentElement.clientWidth, "the page is wider than the screen");

  const ids = all("[id]").map(({ id }) => id);
  check(new Set(ids).size === ids.length, "an id stands twice");
  for (const name of ["for", "aria-labelledby", "aria-describedby", "aria-controls"]) {
    for (const element of all(`[${name}]`)) {
      check(element.getAttribute(name).split(" ").every((id) => ids.includes(id)), `${name} names nothing`, element);
    }
  }
  for (const element of all("input, select, textarea")) {
    check(element.labels.length || element.ariaLabel, "a field has no label", element);
  }
  for (const element of all("button, a").filter(seen)) {
    check(element.textContent.trim() || element.ariaLabel, "a control has no name", element);
    const { width, height } = element.getBoundingClientRect();
    check(element.matches(".skip") || Math.min(width, height) >= 24, "a control is too small for a finger", element);
  }
  all("img").forEach((element) => check(element.hasAttribute("alt"), "a picture has no text", element));
  all("[tabindex]").forEach((element) => check(element.tabIndex <= 0, "a tabindex breaks the order", element));

  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", {
    willReadFrequently: true,
  });
  const rgba = (color) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
    return { channels: [red, green, blue], alpha: alpha / 255 };
  };
  const over = (front, back) => front.channels.map((value, n) => value * front.alpha + back[n] * (1 - front.alpha));
  const behind = (element) => {
    if (!element) return [255, 255, 255];
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own.alpha === 1 ? own.channels : over(own, behind(element.parentElement));
  };
  // WCAG 2.2, relative luminance and contrast ratio
  const luminance = (channels) => {
    const [red, green, blue] = channels.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const isOff = (element) => element.closest("[aria-disabled=true], [aria-busy=true], [aria-hidden=true]");
  for (const element of all("body *").filter((one) => seen(one) && !isOff(one))) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!hasText) continue;
    const back = behind(element);
    const style = getComputedStyle(element);
    const [light, dark] = [luminance(over(rgba(style.color), back)), luminance(back)].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const ratio = (light + 0.05) / (dark + 0.05);
    check(ratio >= least, `a text has a contrast of only ${ratio.toFixed(2)}`, element);
  }
  return found;
}
