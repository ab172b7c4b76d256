// Host configuration of Microsoft's renderer, close to what Teams shows in its light and dark themes.

const LIGHT = {
  text: "#242424", soft: "#5c5c5c", accent: "#4f52b2", good: "#237b4b", warning: "#835c00", attention: "#c4314b",
  emphasis: "#f5f5f5", goodSoft: "#e7f2da", warningSoft: "#fbf6d9", attentionSoft: "#fcf4f6", accentSoft: "#e8ebfa", line: "#e0e0e0",
};
const DARK = {
  text: "#ffffff", soft: "#bdbdbd", accent: "#aab1fa", good: "#92c353", warning: "#f8d22a", attention: "#ff8a97",
  emphasis: "#1f1f1f", goodSoft: "#0d2e0d", warningSoft: "#3a2f00", attentionSoft: "#3e1f25", accentSoft: "#2f2f4a", line: "#3d3d3d",
};

export function hostConfig(theme, phone) {
  const c = theme === "dark" ? DARK : LIGHT;
  const tone = (colour) => ({ default: colour, subtle: colour });
  const foregroundColors = {
    default: { default: c.text, subtle: c.soft },
    dark: { default: theme === "dark" ? "#adadad" : "#242424", subtle: c.soft },
    light: { default: theme === "dark" ? "#ffffff" : "#5c5c5c", subtle: c.soft },
    accent: tone(c.accent), good: tone(c.good), warning: tone(c.warning), attention: tone(c.attention),
  };
  const style = (backgroundColor) => ({ backgroundColor, borderColor: c.line, foregroundColors });
  return {
    choiceSetInputValueSeparator: ",",
    supportsInteractivity: true,
    fontTypes: {
      default: {
        fontFamily: "var(--font)",
        fontSizes: { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 },
        fontWeights: { lighter: 300, default: 400, bolder: 600 },
      },
      monospace: {
        fontFamily: "var(--mono)",
        fontSizes: { small: 12, default: 13, medium: 13, large: 16, extraLarge: 20 },
        fontWeights: { lighter: 300, default: 400, bolder: 600 },
      },
    },
    lineHeights: { small: 16, default: 20, medium: 20, large: 24, extraLarge: 32 },
    spacing: { small: 4, default: 8, medium: 12, large: 16, extraLarge: 24, padding: phone ? 12 : 16 },
    separator: { lineThickness: 1, lineColor: c.line },
    imageSizes: { small: 32, medium: 52, large: 100 },
    containerStyles: {
      default: style("transparent"), emphasis: style(c.emphasis), accent: style(c.accentSoft),
      good: style(c.goodSoft), warning: style(c.warningSoft), attention: style(c.attentionSoft),
    },
    inputs: {
      label: {
        inputSpacing: "small",
        requiredInputs: { weight: "bolder", size: "default", suffix: " *", suffixColor: "attention" },
        optionalInputs: { weight: "bolder", size: "default" },
      },
      errorMessage: { size: "small", color: "attention", weight: "default", spacing: "small" },
    },
    // Teams shows six primary actions and moves the others to the overflow menu.
    actions: {
      maxActions: 6, spacing: "medium", buttonSpacing: 0, actionsOrientation: "horizontal", actionAlignment: "left",
      iconPlacement: "leftOfTitle", iconSize: 16, allowTitleToWrap: true,
      showCard: { actionMode: "inline", inlineTopMargin: 12, style: "emphasis" },
    },
    adaptiveCard: { allowCustomStyle: false },
    imageSet: { imageSize: "medium", maxImageHeight: 100 },
    factSet: {
      title: { color: "default", size: "default", weight: "bolder", wrap: true, maxWidth: phone ? 110 : 160 },
      value: { color: "default", size: "default", weight: "default", wrap: true },
      spacing: 12,
    },
    textStyles: {
      heading: { size: "large", weight: "bolder", color: "default", isSubtle: false, fontType: "default" },
      columnHeader: { size: "default", weight: "bolder", color: "default", isSubtle: false, fontType: "default" },
    },
    textBlock: { headingLevel: 3 },
    table: { cellSpacing: 8 },
  };
}
