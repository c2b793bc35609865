// What is wrong with the page that is loaded, as a list of sentences: WCAG 2.1 as far as a program can tell.
(() => {
    const wrong = new Set();
    const say = (sentence, element) => {
        if (wrong.size < 40)
            wrong.add(element ? `${sentence}: ${element.outerHTML.slice(0, 160)}` : sentence);
    };
    const every = (selector, check) => document.querySelectorAll(selector).forEach(check);
    const named = element => (element.getAttribute('aria-label') || element.textContent || '').trim() !== '' ||
        document.getElementById(element.getAttribute('aria-labelledby'));

    // 1.4.3: contrast of every text with what it stands on
    const numbers = color => color.match(/[\d.]+/g).map(Number);
    const linear = part => part <= 10.31475 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4;
    const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const over = (top, below) => {
        const alpha = top.length > 3 ? top[3] : 1;
        return below.slice(0, 3).map((part, i) => top[i] * alpha + part * (1 - alpha));
    };
    const ground = element => {
        const layers = [];
        for (let at = element; at; at = at.parentElement) {
            const color = numbers(getComputedStyle(at).backgroundColor);
            layers.push(color);
            if (color.length === 3 || color[3] === 1)
                break;
        }
        return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
    };
    const contrast = (a, b) => {
        const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
        return (high + 0.05) / (low + 0.05);
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let seen = 0;
    while (texts.nextNode()) {
        const element = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !element.getClientRects().length)
            continue;
        seen++;
        const style = getComputedStyle(element), behind = ground(element);
        const ink = over(numbers(element instanceof SVGElement ? style.fill : style.color), behind);
        const size = parseFloat(style.fontSize), bold = style.fontWeight >= 700;
        const needed = size >= 24 || (bold && size >= 18.66) ? 3 : 4.5;
        if (contrast(ink, behind) < needed)
            say(`contrast ${contrast(ink, behind).toFixed(2)}, ${needed} is needed`, element);
        if (size < 11.9)
            say(`letters of ${size} pixels`, element);
    }
    if (seen < 20)
        say(`only ${seen} texts are shown`);
    // 1.4.11: of what is drawn
    every('svg rect.fill, svg path', mark => {
        const style = getComputedStyle(mark);
        const ink = numbers(style.fill === 'none' ? style.stroke : style.fill);
        if (contrast(ink, ground(mark.closest('svg').parentElement)) < 3)
            say('a mark without contrast', mark);
    });
    // language, title, headings, landmarks
    if (document.documentElement.lang !== 'en' || !document.title.trim())
        say('no language or no title');
    if (document.querySelectorAll('h1').length !== 1 || document.querySelectorAll('main').length !== 1)
        say('not one h1 and one main');
    let level = 0;
    every('h1,h2,h3,h4,h5,h6', heading => {
        const now = Number(heading.tagName[1]);
        if (now > level + 1 || !heading.textContent.trim())
            say(`heading ${now} after ${level}`, heading);
        level = now;
    });
    // tables
    every('table', table => {
        if (!table.caption && !named(table.closest('[role=region]') || table.cloneNode()))
            say('a table without a name', table);
        const columns = table.tHead.rows[0].cells.length;
        for (const row of table.tBodies[0].rows)
            if (row.cells.length !== columns || row.querySelectorAll('th[scope=row]').length !== 1)
                say('a row without its header or of another length', row);
    });
    every('th', cell => cell.scope && named(cell) || say('a header without scope or text', cell));
    // names of what can be reached, and of what is drawn
    every('a,summary,[role=region]', element => named(element) || say('no name', element));
    every('svg', svg => svg.getAttribute('aria-hidden') === 'true' ||
        (svg.getAttribute('role') === 'img' && named(svg)) || say('a drawing without a name', svg));
    every('.scroll', box => box.tabIndex === 0 || say('not reached by the keyboard', box));
    const names = [...document.querySelectorAll('[role=region]')].map(region => region.getAttribute('aria-label'));
    if (new Set(names).size !== names.length)
        say(`two regions of one name: ${names}`);
    const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
    if (new Set(ids).size !== ids.length)
        say(`an id twice: ${ids}`);
    // 1.4.10: nothing but tables is wider than the window
    if (document.documentElement.scrollWidth > innerWidth)
        say(`${document.documentElement.scrollWidth} pixels wide in a window of ${innerWidth}`);
    // nothing runs and nothing is fetched
    every('script,iframe,object,embed,link,base,form,input,img,video,audio,[style]', element => say('why?', element));
    every('*', element => {
        for (const {name, value} of element.attributes)
            if (name.startsWith('on') || (/^(href|src|action)$/.test(name) && !/^(#|data:text\/csv[;,])/.test(value)))
                say(`attribute ${name}`, element);
    });
    return [...wrong];
})()
